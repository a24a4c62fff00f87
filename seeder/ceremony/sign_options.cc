#include "seeder/ceremony/sign_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "seeder/ceremony/errc.h"

namespace lanyard::ceremony {
namespace {

constexpr char const* kProgram = R"(Signs what a seeder asks for, on a machine without a network.

Examples:
  lanyard-sign generate root-1.pem --passphrase      a key, and root-1.pub
  lanyard-sign show targets-5-1a2b3c4d.request       what would be signed, in words
  lanyard-sign sign targets-5-1a2b3c4d.request --key targets-1.pem
)";

constexpr char const* kShow = R"(Show a request in words, compared with what is published

Examples:
  lanyard-sign show targets-5-1a2b3c4d.request --key targets-1.pem
  lanyard-sign show targets-5-1a2b3c4d.request --root-digest sha256:3f9a...
)";

constexpr char const* kSign = R"(Show a request in words, ask, and write a signed copy of it

Examples:
  lanyard-sign sign root-2-1a2b3c4d.request --key root-1.pem
  lanyard-sign sign root-2-1a2b3c4d.request --key root-1.pem \
      --root-digest sha256:3f9a...                   the first time with this key
  lanyard-sign sign root-2-1a2b3c4d.request --key root-1.pem --key root-2.pem \
      --passphrase-file pass --out root-2.signed --yes
)";

constexpr char const* kGenerate = R"(Make an Ed25519 key in PKCS#8 PEM, and its public half beside it

Examples:
  lanyard-sign generate root-1.pem --passphrase
  lanyard-sign generate root-1.pem --passphrase-file pass
)";

constexpr char const* kPae = R"(Write the bytes that a signature covers, for an HSM or openssl

Examples:
  lanyard-sign pae root-2-1a2b3c4d.request --role root --key root-1.pub \
      --out root.pae
  openssl pkeyutl -sign -rawin -inkey root-1.pem -in root.pae -out root.sig
)";

constexpr char const* kAttach = R"(Put a signature that was made elsewhere into a copy of the request

Examples:
  lanyard-sign attach root-2-1a2b3c4d.request --role root \
      --signature root.sig --key root-1.pub
)";

struct Slots {
    std::string root_digest;
    ShowRequest show;
    SignRequest sign;
    GenerateKey generate;
    WritePae pae;
    AttachSignature attach;
};

// The first line says what it does; the examples follow the options.
CLI::App* add(CLI::App& app, char const* name, std::string const& text) {
    auto const line = text.find('\n');
    auto* command = app.add_subcommand(name, text.substr(0, line));
    command->footer(text.substr(line + 1));
    return command;
}

void add_commands(CLI::App& app, Slots& slots) {
    auto const add_root_digest = [&slots](CLI::App* command) {
        command->add_option("--root-digest", slots.root_digest,
                            "sha256:HEX of the first root, as you know it; asked for until a key has signed once");
    };
    auto* show = add(app, "show", kShow);
    show->add_option("REQUEST", slots.show.request)->required();
    show->add_option("--key", slots.show.whose.keys, "Key file, for what its keeper has seen")->allow_extra_args(false);
    add_root_digest(show);
    auto* sign = add(app, "sign", kSign);
    sign->add_option("REQUEST", slots.sign.request)->required();
    sign->add_option("--key", slots.sign.whose.keys, "Key file; may be repeated")->required()->allow_extra_args(false);
    add_root_digest(sign);
    sign->add_option("--passphrase-file", slots.sign.passphrase_file, "Its first line opens the keys [ask]");
    sign->add_option("--out", slots.sign.out, "The signed copy [REQUEST.<key id>.signed]");
    sign->add_flag("--yes", slots.sign.yes, "Do not ask; for scripts that have looked themselves");
    auto* generate = add(app, "generate", kGenerate);
    generate->add_option("FILE", slots.generate.file, "The key; its public half is FILE with .pub")->required();
    generate->add_flag("--passphrase", slots.generate.passphrase, "Ask for a passphrase to encrypt it with");
    generate->add_option("--passphrase-file", slots.generate.passphrase_file, "Encrypt with its first line");
    auto* pae = add(app, "pae", kPae);
    pae->add_option("REQUEST", slots.pae.request)->required();
    pae->add_option("--role", slots.pae.role, "root, targets or a delegated role")->required();
    pae->add_option("--out", slots.pae.out, "Where to write them")->required();
    pae->add_option("--key", slots.pae.whose.keys, "The public key, for what its keeper has seen")
        ->allow_extra_args(false);
    add_root_digest(pae);
    auto* attach = add(app, "attach", kAttach);
    attach->add_option("REQUEST", slots.attach.request)->required();
    attach->add_option("--role", slots.attach.role, "What was signed")->required();
    attach->add_option("--signature", slots.attach.signature, "The 64 bytes of an Ed25519 signature")->required();
    attach->add_option("--key", slots.attach.key, "The public key that made it")->required();
    attach->add_option("--out", slots.attach.out, "The signed copy [REQUEST.<key id>.signed]");
}

Result<std::optional<release::Digest>> parse_root_digest(std::string const& text) {
    constexpr std::string_view kScheme = "sha256:";
    if (text.empty()) return std::optional<release::Digest>();
    auto digest = release::Digest::from_hex(text.starts_with(kScheme) ? text.substr(kScheme.size()) : text);
    if (digest && text.starts_with(kScheme)) return std::optional(*digest);
    return fail(Errc::wrong_usage,
                "--root-digest '" + text + "' is none: it is sha256: and 64 hex digits, as `init` has printed them");
}

Result<SignCommand> collect(CLI::App const& app, Slots slots) {
    auto const root_digest = parse_root_digest(slots.root_digest);
    if (!root_digest) return pass_on(root_digest);
    for (auto* whose : {&slots.show.whose, &slots.sign.whose, &slots.pae.whose}) whose->root_digest = *root_digest;
    auto const name = app.get_subcommands().front()->get_name();
    if (name == "sign") return std::move(slots.sign);
    if (name == "generate") return std::move(slots.generate);
    if (name == "pae") return std::move(slots.pae);
    if (name == "attach") return std::move(slots.attach);
    return std::move(slots.show);
}

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    while (!text.empty() && (text.back() == ' ' || text.back() == '.')) text.pop_back();
    return text;
}

}  // namespace

Result<std::variant<SignCommand, SignHelp>> parse_sign_command(int argc, char const* const* argv) {
    CLI::App app(kProgram, "lanyard-sign");
    Slots slots;
    app.require_subcommand(1);
    app.set_version_flag("--version", "lanyard-sign " LANYARD_VERSION);
    add_commands(app, slots);
    try {
        app.parse(argc, argv);
        auto command = collect(app, std::move(slots));
        if (!command) return pass_on(command);
        return std::move(*command);
    } catch (CLI::CallForHelp const&) {
        auto text = app.help();
        if (!text.ends_with('\n')) text += '\n';
        return SignHelp{std::move(text)};
    } catch (CLI::CallForVersion const& version) {
        return SignHelp{std::string(version.what()) + "\n"};
    } catch (CLI::ParseError const& e) {
        return fail(Errc::wrong_usage, one_line(e.what()) + "; see `lanyard-sign --help`");
    }
}

}  // namespace lanyard::ceremony
