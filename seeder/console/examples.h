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
  lanyard-seeder key list                       who may sign what, and until when
  lanyard-seeder token new                      a join line for one more node
  lanyard-seeder status --json
)";

inline constexpr char const* kInit = R"(Make keys, an empty manifest and seeder.toml; print the join line

Examples:
  lanyard-seeder init
  lanyard-seeder init --state ./seeder --url https://192.168.1.10:8430
  lanyard-seeder init --port 9000 --swarm-port 9001 --expect-nodes 400
  lanyard-seeder init --offline-root --offline-targets --threshold 2/3 \
      --key-dir /media/stick
)";

inline constexpr char const* kPublish = R"(Take in a package, sign a new manifest, tell the waiting nodes

Examples:
  lanyard-seeder publish ./build --app shop --version 1.2.0
  lanyard-seeder publish ./tool --app tool --version 0.9.1 --channel beta
  lanyard-seeder publish shop_1.2.0_amd64.deb --app shop --version 1.2.0
  lanyard-seeder publish shop-1.2.0.zip --app shop --version 1.2.0 \
      --start ./start.sh --stop ./stop.sh --port 8080 \
      --health http://127.0.0.1:8080/ok
)";

inline constexpr char const* kRelease = R"(List, show, verify or withdraw what has been published

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

inline constexpr char const* kVerify = R"(Explain step by step why nodes believe a release, or do not

Examples:
  lanyard-seeder release verify shop 1.2.0
  lanyard-seeder release verify shop 1.2.0 --json

Looks at what is served, from the first root to the bytes of the package; one
line a step: ok or refused, and why. Exit code 7 when something does not hold.
)";

inline constexpr char const* kWithdraw = R"(Offer a release to no further node; those that run it keep it

Examples:
  lanyard-seeder release withdraw shop 1.2.0
  lanyard-seeder release withdraw shop 1.2.0 --channel stable
)";

inline constexpr char const* kKey = R"(List, make, replace, revoke and renew signing keys

Examples:
  lanyard-seeder key list
  lanyard-seeder key rotate --role timestamp
)";

inline constexpr char const* kKeyList = R"(Who may sign for which role, and until when

Examples:
  lanyard-seeder key list
  lanyard-seeder key list --json
)";

inline constexpr char const* kKeyGenerate = R"(Make a key file, and its public half beside it

Examples:
  lanyard-seeder key generate targets-2.pem
  lanyard-seeder key generate targets-2.pem --passphrase
)";

inline constexpr char const* kKeyRotate = R"(Give roles other keys: the next root, and what has to be signed anew

Examples:
  lanyard-seeder key rotate --role timestamp
  lanyard-seeder key rotate --role timestamp --role snapshot
  lanyard-seeder key rotate --role root --key 1a2b3c4d --key 5e6f7a8b \
      --key root-4.pub --threshold 2
)";

inline constexpr char const* kKeyRevoke = R"(Take a key from a role that has others

Examples:
  lanyard-seeder key revoke --role targets --key 1a2b3c4d
)";

inline constexpr char const* kKeyRenew = R"(Let the same keys sign again, before the signatures expire

Examples:
  lanyard-seeder key renew --role root
  lanyard-seeder key renew --role targets
)";

inline constexpr char const* kDelegation = R"(Let a team sign its own applications, and no other

Examples:
  lanyard-seeder delegation add shop-team --paths 'shop/*/*/*/*' --key shop.pub
  lanyard-seeder publish ./build --app shop --version 1.2.0 --role shop-team
)";

inline constexpr char const* kDelegationList = R"(The delegated roles, in order of precedence

Examples:
  lanyard-seeder delegation list
)";

inline constexpr char const* kDelegationAdd = R"(Delegate to a role, or change what is delegated to it

Examples:
  lanyard-seeder delegation add shop-team --paths 'shop/*/*/*/*' --key shop.pub
  lanyard-seeder delegation add beta --paths '*/beta/*/*/*' \
      --key anna.pub --key ben.pub --threshold 2 --terminating
)";

inline constexpr char const* kDelegationRemove = R"(Take a delegation back; the role has no live release any more

Examples:
  lanyard-seeder delegation remove shop-team
)";

inline constexpr char const* kDelegationRenew = R"(Let its keys sign again, before the signatures of a role expire

Examples:
  lanyard-seeder delegation renew shop-team
)";

inline constexpr char const* kImport = R"(Publish what was signed elsewhere, once enough have signed

Examples:
  lanyard-seeder import targets-5-1a2b3c4d.0f1e2d3c.signed
  lanyard-seeder import anna.signed ben.signed
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
