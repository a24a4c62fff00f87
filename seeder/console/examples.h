#pragma once

// What --help begins with: a line on what the command does, then examples to copy.
namespace lanyard::console::examples {

inline constexpr char const* kProgram = R"(Publishes releases to the nodes of a LAN.

Examples:
  lanyard-seeder init                           make the keys and an empty manifest
  lanyard-seeder serve                          answer nodes, until Ctrl-C
  lanyard-seeder publish ./build --app shop --version 1.2.0
  lanyard-seeder release list
  lanyard-seeder release withdraw shop 1.2.0    no further node gets it
  lanyard-seeder token new                      a join line for one more node
  lanyard-seeder status --json
)";

inline constexpr char const* kInit = R"(Make keys, an empty manifest and seeder.toml; print the join line

Examples:
  lanyard-seeder init
  lanyard-seeder init --state ./seeder --url https://192.168.1.10:8430
  lanyard-seeder init --port 9000 --swarm-port 9001 --expect-nodes 400
)";

inline constexpr char const* kPublish = R"(Take in a package, sign a new manifest, tell the waiting nodes

Examples:
  lanyard-seeder publish ./build --app shop --version 1.2.0
  lanyard-seeder publish ./tool --app tool --version 0.9.1 --channel beta
  lanyard-seeder publish shop-1.2.0.zip --app shop --version 1.2.0 \
      --start ./start.sh --stop ./stop.sh --port 8080 \
      --health http://127.0.0.1:8080/ok
)";

inline constexpr char const* kRelease = R"(List, show or withdraw what has been published

Examples:
  lanyard-seeder release list --app shop
  lanyard-seeder release show shop 1.2.0
  lanyard-seeder release withdraw shop 1.2.0
)";

inline constexpr char const* kList = R"(List all releases, live and withdrawn

Examples:
  lanyard-seeder release list
  lanyard-seeder release list --app shop --json
)";

inline constexpr char const* kShow = R"(Show everything about one release

Examples:
  lanyard-seeder release show shop 1.2.0
  lanyard-seeder release show shop 1.2.0 --channel beta --platform linux/arm64
)";

inline constexpr char const* kWithdraw = R"(Offer a release to no further node; those that run it keep it

Examples:
  lanyard-seeder release withdraw shop 1.2.0
  lanyard-seeder release withdraw shop 1.2.0 --channel stable
)";

inline constexpr char const* kServe = R"(Answer nodes and seed packages until SIGINT or SIGTERM

Examples:
  lanyard-seeder serve
  lanyard-seeder serve --state ./seeder
)";

inline constexpr char const* kStatus = R"(Keys and their expiry, live releases, nodes as last heard

Examples:
  lanyard-seeder status
  lanyard-seeder status --json
)";

inline constexpr char const* kFooter =
    "Every command also takes:\n"
    "  --state DIR                 State directory [/var/lib/lanyard-seeder]\n"
    "  --json                      One JSON document on stdout";

}  // namespace lanyard::console::examples
