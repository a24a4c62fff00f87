#pragma once

#include <sys/types.h>

#include <filesystem>

#include "proto/http/connection.h"
#include "proto/outcome/result.h"

namespace lanyard::http {

// A listening Unix socket, and its file, which is removed with it.
class LocalListener {
public:
    // The file appears, with `mode`, when connections are accepted already. One that no process listens on any more is
    // replaced. Fails with address_in_use or unusable_address.
    static Result<LocalListener> open(asio::io_context& io, std::filesystem::path const& path, mode_t mode);

    LocalListener(LocalListener&& other) noexcept;
    LocalListener& operator=(LocalListener&&) = delete;
    ~LocalListener();

    // And removes the file, unless another process has put its own there.
    void close();

    Acceptor acceptor;

private:
    LocalListener(Acceptor opened, std::filesystem::path path);

    std::filesystem::path path_;  // empty when the file is another's
    ino_t file_ = 0;
};

// Who is at the other end, as the kernel says; nothing when it does not.
std::optional<Caller> local_caller(Socket& socket);

}  // namespace lanyard::http
