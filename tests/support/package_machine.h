#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "node/apply/errc.h"
#include "node/apply/runner.h"
#include "tests/support/scratch.h"

namespace lanyard::support {

// A machine with a package database and one tool for it, both imaginary; a bundle is installed file by file. A package
// file says "<name> <version>" and,
// after that, what is wrong with it: "refuses" (its script fails half-way), "needs" (something that is not there).
class PackageMachine final : public apply::Tool, public apply::Runner {
public:
    struct Entry {
        std::string version;
        bool broken = false;
    };
    std::map<std::string, Entry> database;

    std::vector<std::string> changes;  // "install shop 2.0-1": what has been carried out
    std::set<std::string> failing;     // steps, by the words of `changes`
    int busy = 0;                      // for so many attempts another installation is under way
    int waits = 0;
    bool removes_first = false;
    bool hurried = false;
    bool exchangeable = false;  // its packages, by another user
    bool earlier_at_work = false;
    std::optional<std::size_t> dies_at;  // the change in which the process dies, half-way through it
    std::function<void()> on_change = [] {};

    // Tool
    std::vector<apply::Call> identify(apply::PackageFile const& package) const override {
        return {{{"identify", package.file.string()}}};
    }
    Result<apply::Identity> identity(apply::PackageFile const&, apply::Exit const& exit) const override {
        std::vector<apply::Identity> parts;
        std::istringstream lines(exit.output);
        for (std::string line; std::getline(lines, line);) {
            auto const words = apply::words_of(line);
            parts.push_back({words.at(0), words.at(1)});
        }
        return apply::joined(std::move(parts));
    }
    apply::Call query(apply::PackageFile const&, apply::Identity const& identity) const override {
        return {{"query", identity.name}};
    }
    apply::Presence presence(apply::Exit const& exit) const override {
        if (exit.code != 0) return {};
        bool const broken = exit.output.ends_with('!');
        auto const version = broken ? exit.output.substr(0, exit.output.size() - 1) : exit.output;
        return {broken ? apply::Condition::broken : apply::Condition::whole, version};
    }
    std::vector<apply::Call> calls(apply::Step step, apply::PackageFile const& package,
                                   apply::Identity const& identity) const override {
        switch (step) {
            case apply::Step::rehearse:
                return {{{"rehearse", package.file.string()}}};
            case apply::Step::install:
                return {{{"install", package.file.string()}}};
            case apply::Step::go_back:
                return {{{"go_back", package.file.string()}}};
            case apply::Step::remove:
                return {{{"remove", identity.name}}};
            case apply::Step::mend:
                return {{{"mend", identity.name}}};
        }
        return {};
    }
    apply::Verdict judge(apply::Step, apply::PackageFile const&, apply::Identity const&,
                         apply::Exit const& exit) const override {
        if (exit.code == 75) return apply::Verdict::busy;
        return exit.code == 0 && !exit.timed_out ? apply::Verdict::done : apply::Verdict::failed;
    }
    bool removes_before_going_back() const override { return removes_first; }

    // Runner
    Status safe(std::filesystem::path const&) override {
        if (exchangeable) return fail(apply::Errc::unusable_home, "somebody else may write it");
        return {};
    }
    asio::awaitable<Result<apply::Exit>> ask(apply::Call call, std::chrono::milliseconds) override {
        apply::Exit exit;
        if (call.words[0] == "query") {
            auto const found = database.find(call.words[1]);
            exit.code = found == database.end() ? 1 : 0;
            if (exit.code == 0) exit.output = found->second.version + (found->second.broken ? "!" : "");
        } else {
            for (auto const& file : files_of(call.words[1])) exit.output += read_file(file) + "\n";
            bool const lacks = call.words[0] == "rehearse" && exit.output.find(" needs") != std::string::npos;
            if (lacks) exit = {1, "it needs libmissing, which is not installed"};
        }
        co_return exit;
    }

    asio::awaitable<Result<apply::Exit>> carry_out(apply::Call call, std::filesystem::path,
                                                   std::chrono::milliseconds) override {
        on_change();
        apply::Exit exit;
        if (hurried) {
            exit.timed_out = true;
            co_return exit;
        }
        if (busy > 0) {
            --busy;
            exit = {75, "another installation is under way"};
            co_return exit;
        }
        exit = carry_out(call.words[0], call.words[1]);
        co_return exit;
    }

    asio::awaitable<Status> wait_for_earlier(std::chrono::milliseconds) override {
        ++waits;
        if (earlier_at_work) co_return fail(apply::Errc::under_way, "still at work");
        co_return Status();
    }

    void hurry() override { hurried = true; }

private:
    apply::Exit carry_out(std::string const& step, std::string const& what) {
        if (step == "remove" || step == "mend") return change_each(step, what);
        apply::Exit exit;
        for (auto const& file : files_of(what)) {
            exit = carry_out_one(step, file);
            if (exit.code != 0) break;
        }
        return exit;
    }

    static std::vector<std::string> files_of(std::filesystem::path const& package) {
        if (!std::filesystem::is_directory(package)) return {package.string()};
        std::vector<std::string> files;
        for (auto const& entry : std::filesystem::directory_iterator(package)) files.push_back(entry.path().string());
        std::sort(files.begin(), files.end());
        return files;
    }

    apply::Exit carry_out_one(std::string const& step, std::string const& what) {
        bool const dying = dies_at && changes.size() == *dies_at;
        auto const content = read_file(what);
        auto const space = content.find(' ');
        auto const end = content.find(' ', space + 1);
        auto const name = content.substr(0, space);
        auto const version = content.substr(space + 1, end - space - 1);
        auto const done = step + " " + name + " " + version;
        changes.push_back(done);
        bool const refuses = content.find(" refuses") != std::string::npos || failing.contains(done);
        database[name] = {version, refuses || dying};
        if (dying) throw std::runtime_error("killed");
        if (refuses) return {1, "the script of " + name + " has failed"};
        return {};
    }

    apply::Exit change_each(std::string const& step, std::string const& names) {
        apply::Exit exit;
        for (auto const& name : apply::words_of(names)) {
            bool const known = step == "remove" || database.contains(name);
            if (known) exit = change(step, name, dies_at && changes.size() == *dies_at);
            if (exit.code != 0) break;
        }
        return exit;
    }

    apply::Exit change(std::string const& step, std::string const& name, bool dying) {
        auto const done = step + " " + name;
        changes.push_back(done);
        if (dying) throw std::runtime_error("killed");
        if (failing.contains(done)) return {1, done + " has failed"};
        if (step == "remove") database.erase(name);
        if (step == "mend") database[name].broken = false;
        return {};
    }
};

}  // namespace lanyard::support
