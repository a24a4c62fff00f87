#include "seeder/console/table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace lanyard::console::table_test {
namespace {

TEST(Table, AlignsItsColumns) {
    Table table({"APP", "VERSION"});
    table.add({"prometheus", "2.53.0"});
    EXPECT_EQ(table.to_string(), "APP         VERSION\nprometheus  2.53.0\n");
}

TEST(Table, NoLineIsWiderThanTheScreen) {
    Table table({"APP", "VERSION", "NOTES"});
    table.add({std::string(64, 'a'), std::string(128, '1'), "short"});
    std::istringstream lines(table.to_string());
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
    EXPECT_NE(table.to_string().find("aaa..."), std::string::npos);
    EXPECT_NE(table.to_string().find("short"), std::string::npos);
}

TEST(Table, CutsBetweenCharactersAndNotInsideThem) {
    Table table({"N"});
    table.add({"ääääääääää"});
    EXPECT_EQ(table.to_string(8), "N\näääää...\n");
}

TEST(Table, WhatANodeSaidCannotMoveTheCursor) {
    Table table({"NAME"});
    table.add({"pc\x1b[2J\n1"});
    EXPECT_EQ(table.to_string(), "NAME\npc?[2J?1\n");
}

TEST(Table, NorGiveOrdersInUtf8OrTurnTheLineRound) {
    Table table({"NAME", "ID"});
    table.add(
        {"pc\xc2\x9b"
         "2J",
         "1"});
    table.add(
        {"pc\xe2\x80\xae"
         "7",
         "2"});
    EXPECT_EQ(table.to_string(), "NAME   ID\npc?2J  1\npc?7   2\n");
}

}  // namespace
}  // namespace lanyard::console::table_test
