#include "manifests/trust/errc.h"
#include "tests/conformance/conformance.h"

namespace lanyard {
namespace {

using support::RepositorySimulator;
using trust::Errc;
using trust::RoleName;

using Numbers = std::vector<std::size_t>;

// One version of a role: the keys that may sign it, by their numbers, how many of them must, and those that did.
struct Signed {
    Numbers keys;
    std::uint32_t threshold;
    Numbers sigs;
};

enum class Expected { accepted, refused };

RepositorySimulator::Keys chosen(RepositorySimulator::Keys const& all, Numbers const& numbers) {
    RepositorySimulator::Keys keys;
    for (auto const number : numbers) keys.push_back(all[number]);
    return keys;
}

void root_rotation(conformance& t, std::vector<Signed> const& roots, Expected expected = Expected::accepted) {
    auto const all = RepositorySimulator::fresh_keys(10);
    t.repo.root.set_version(0);
    for (auto const& root : roots) {
        t.repo.root.set_version(t.repo.root.version() + 1);
        t.repo.set_keys(RoleName::root, chosen(all, root.keys), root.threshold);
        t.repo.put_file(t.repo.name_of(RoleName::root),
                        t.repo.sign(RoleName::root, t.repo.payload(RoleName::root), chosen(all, root.sigs)));
    }
    t.init_client();
    EXPECT_EQ(t.refresh(), expected == Expected::accepted) << t.refused.detail;
    if (expected == Expected::refused) {
        EXPECT_EQ(t.refused.code, Errc::arbitrary_software);
    }
    auto const last = roots.size() - (expected == Expected::refused ? 1 : 0);
    EXPECT_EQ(t.client.stored(RoleName::root), t.repo.file(std::to_string(last) + ".root.pb"));
}

TEST_F(conformance, test_root_rotation_1_of_1_key_rotation_) {
    root_rotation(*this, {{{1}, 1, {1}}, {{2}, 1, {2, 1}}, {{2}, 1, {2}}});
}

TEST_F(conformance, test_root_rotation_1_of_1_key_rotation_unused_signatures_) {
    root_rotation(*this, {{{1}, 1, {3, 1, 4}}, {{2}, 1, {3, 2, 1, 4}}, {{2}, 1, {3, 2, 4}}});
}

TEST_F(conformance, test_root_rotation_3_of_5_sign_with_different_keycombos_) {
    root_rotation(*this, {{{0, 1, 2, 3, 4}, 3, {0, 2, 4}},
                          {{0, 1, 2, 3, 4}, 3, {0, 4, 1}},
                          {{0, 1, 2, 3, 4}, 3, {0, 1, 3}},
                          {{0, 1, 2, 3, 4}, 3, {0, 1, 3}}});
}

TEST_F(conformance, test_root_rotation_3_of_5_one_key_rotated_) {
    root_rotation(*this, {{{0, 1, 2, 3, 4}, 3, {0, 2, 4}}, {{0, 1, 3, 4, 5}, 3, {0, 4, 1}}});
}

TEST_F(conformance, test_root_rotation_3_of_5_one_key_rotated_with_intermediate_step_) {
    root_rotation(
        *this, {{{0, 1, 2, 3, 4}, 3, {0, 2, 4}}, {{0, 1, 3, 4, 5}, 3, {0, 2, 4, 5}}, {{0, 1, 3, 4, 5}, 3, {0, 4, 5}}});
}

TEST_F(conformance, test_root_rotation_3_of_5_all_keys_rotated_with_intermediate_step_) {
    root_rotation(
        *this,
        {{{0, 1, 2, 3, 4}, 3, {0, 2, 4}}, {{5, 6, 7, 8, 9}, 3, {0, 2, 4, 5, 6, 7}}, {{5, 6, 7, 8, 9}, 3, {5, 6, 7}}});
}

TEST_F(conformance, test_root_rotation_1_of_3_threshold_increase_to_2_of_3_) {
    root_rotation(*this, {{{1, 2, 3}, 1, {1}}, {{1, 2, 3}, 2, {1, 2}}});
}

TEST_F(conformance, test_root_rotation_2_of_3_threshold_decrease_to_1_of_3_) {
    root_rotation(*this, {{{1, 2, 3}, 2, {1, 2}}, {{1, 2, 3}, 1, {1, 2}}, {{1, 2, 3}, 1, {1}}});
}

TEST_F(conformance, test_root_rotation_1_of_2_threshold_increase_to_2_of_2_) {
    root_rotation(*this, {{{1}, 1, {1}}, {{1, 2}, 2, {1, 2}}});
}

TEST_F(conformance, test_root_rotation_1_of_1_key_rotation_fail_not_signed_with_old_key_) {
    root_rotation(*this, {{{1}, 1, {1}}, {{2}, 1, {2, 3, 4}}}, Expected::refused);
}

TEST_F(conformance, test_root_rotation_1_of_1_key_rotation_fail_not_signed_with_new_key_) {
    root_rotation(*this, {{{1}, 1, {1}}, {{2}, 1, {1, 3, 4}}}, Expected::refused);
}

TEST_F(conformance, test_root_rotation_3_of_5_one_key_rotate_fails_not_signed_with_3_new_keys_) {
    root_rotation(*this, {{{0, 1, 2, 3, 4}, 3, {0, 2, 4}}, {{0, 1, 3, 4, 5}, 3, {0, 2, 4}}}, Expected::refused);
}

TEST_F(conformance, test_root_rotation_3_of_5_one_key_rotate_fails_not_signed_with_3_old_keys_) {
    root_rotation(*this, {{{0, 1, 2, 3, 4}, 3, {0, 2, 4}}, {{0, 1, 3, 4, 5}, 3, {0, 4, 5}}}, Expected::refused);
}

TEST_F(conformance, test_root_rotation_1_of_3_threshold_bump_to_2_of_3_fails_new_threshold_not_reached_) {
    root_rotation(*this, {{{1, 2, 3}, 1, {1}}, {{1, 2, 3}, 2, {2}}}, Expected::refused);
}

TEST_F(conformance, test_root_rotation_2_of_3_threshold_decr_to_1_of_3_fails_old_threshold_not_eached_) {
    root_rotation(*this, {{{1, 2, 3}, 2, {1, 2}}, {{1, 2, 3}, 1, {1}}}, Expected::refused);
}

// The same in turn for timestamp, snapshot and targets; each is published by a root of its own.
void non_root_rotation(conformance& t, Signed const& role, Expected expected = Expected::accepted) {
    auto const all = RepositorySimulator::fresh_keys(10);
    t.init_client();
    for (auto const name : {RoleName::timestamp, RoleName::snapshot, RoleName::targets}) {
        SCOPED_TRACE(trust::text(name));
        t.repo.set_keys(name, chosen(all, role.keys), role.threshold);
        t.publish({"root"});
        if (name == RoleName::targets) t.publish({"targets"});
        if (name != RoleName::timestamp) t.publish({"snapshot"});
        t.publish({"timestamp"});
        auto const bytes = t.repo.sign(name, t.repo.payload(name), chosen(all, role.sigs));
        t.repo.put_file(t.repo.name_of(name), bytes);
        if (name == RoleName::targets) {
            t.add_to_snapshot(t.repo.reference(name, t.repo.targets.version(), bytes));
            t.repo.seal(RoleName::snapshot);
        }
        if (name != RoleName::timestamp) t.point_timestamp_at_snapshot();
        EXPECT_EQ(t.refresh(), expected == Expected::accepted) << t.refused.detail;
        if (expected == Expected::accepted) {
            EXPECT_EQ(t.client.stored(name), bytes);
        } else {
            EXPECT_EQ(t.refused.code, Errc::arbitrary_software);
            EXPECT_NE(t.refused.detail.find(trust::text(name)), std::string::npos) << t.refused.detail;
            EXPECT_NE(t.client.stored(name), bytes);
        }
        // What is signed as it should be stands in nobody's way when the next role has its turn.
        t.repo.rotate_keys(name);
        t.repo.set_keys(name, t.repo.keys(name), 1);
        t.publish({"root", "targets", "snapshot", "timestamp"});
    }
}

TEST_F(conformance, test_non_root_rotations_1_of_1_key_rotation_) { non_root_rotation(*this, {{2}, 1, {2}}); }

TEST_F(conformance, test_non_root_rotations_1_of_1_key_rotation_unused_signatures_) {
    non_root_rotation(*this, {{1}, 1, {3, 1, 4}});
}

TEST_F(conformance, test_non_root_rotations_1_of_1_key_rotation_fail_not_signed_with_new_key_) {
    non_root_rotation(*this, {{2}, 1, {1, 3, 4}}, Expected::refused);
}

TEST_F(conformance, test_non_root_rotations_3_of_5_one_key_signature_wrong_not_signed_with_3_expected_keys_) {
    non_root_rotation(*this, {{0, 1, 3, 4, 5}, 3, {0, 2, 4}}, Expected::refused);
}

TEST_F(conformance, test_non_root_rotations_2_of_5_one_key_signature_mising_threshold_not_reached_) {
    non_root_rotation(*this, {{0, 1, 3, 4, 5}, 3, {0, 4}}, Expected::refused);
}

TEST_F(conformance, test_non_root_rotations_3_of_5_sign_first_combo_) {
    non_root_rotation(*this, {{0, 1, 2, 3, 4}, 3, {0, 2, 4}});
}

TEST_F(conformance, test_non_root_rotations_3_of_5_sign_second_combo_) {
    non_root_rotation(*this, {{0, 1, 2, 3, 4}, 3, {0, 4, 1}});
}

TEST_F(conformance, test_non_root_rotations_3_of_5_sign_third_combo_) {
    non_root_rotation(*this, {{0, 1, 2, 3, 4}, 3, {0, 1, 3}});
}

TEST_F(conformance, test_non_root_rotations_3_of_5_sign_fourth_combo_) {
    non_root_rotation(*this, {{0, 1, 2, 3, 4}, 3, {1, 2, 3}});
}

TEST_F(conformance, test_non_root_rotations_3_of_5_sign_fifth_combo_) {
    non_root_rotation(*this, {{0, 1, 2, 3, 4}, 3, {2, 3, 4}});
}

}  // namespace
}  // namespace lanyard
