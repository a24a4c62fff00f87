# What every room is compiled with. Boost.Asio must see the same definitions everywhere as Debian's libtorrent did, or
# its classes differ from file to file.
add_library(lanyard_options INTERFACE)
target_compile_features(lanyard_options INTERFACE cxx_std_20)
target_compile_options(
  lanyard_options
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wconversion
            -Wshadow
            -Wnon-virtual-dtor
            -Woverloaded-virtual
            -Wold-style-cast
            # GCC 12, optimising, takes the recycled frames of Asio's coroutines for a mismatch.
            -Wno-mismatched-new-delete
            # In a unity build (the sanitizers' presets) the main file includes the sources, and GCC takes their coroutines'
            # frames for types of a header.
            $<$<BOOL:${CMAKE_UNITY_BUILD}>:-Wno-subobject-linkage>)
target_include_directories(lanyard_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_definitions(
  lanyard_options
  INTERFACE LANYARD_VERSION="${PROJECT_VERSION}"
            $<TARGET_PROPERTY:LibtorrentRasterbar::torrent-rasterbar,INTERFACE_COMPILE_DEFINITIONS>)

# Debian 12's clang builds the fuzz targets, and cannot parse Asio 1.74's coroutines: there a room consists of what is
# free of them.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(lanyard_without_coroutines "${PROJECT_SOURCE_DIR}/scripts/lib/without_coroutines.py")
  execute_process(
    COMMAND /usr/bin/python3 -I -B "${lanyard_without_coroutines}"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    OUTPUT_VARIABLE lanyard_clang_sources COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX REPLACE "[\n]+" ";" lanyard_clang_sources "${lanyard_clang_sources}")
endif()

option(LANYARD_TOGETHER "Compile the rooms of a folder (node, seeder) together, and the tests of a kind" OFF)

# lanyard_room(<name> [APART] [SOURCES ...] [USES ...] [PRIVATE_USES ...])
#
# One room is one static library, one folder and one namespace. USES are the rooms and packages whose types appear in
# this room's headers; PRIVATE_USES stay inside its sources. scripts/check_layers.py holds both against the allow-list.
#
# With LANYARD_TOGETHER the rooms beside each other become one library, in a unity build: most of what a compiler does
# for a room is reading the headers that its neighbours read, too. APART: not this one, for it has compile options of its
# own, names that another folder has too, or a library behind it that most programs get along without.
function(lanyard_room name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "APART" "" "SOURCES;USES;PRIVATE_USES")
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME neighbours)
  if(LANYARD_TOGETHER AND NOT arg_APART)
    lanyard_neighbours(${neighbours})
    target_sources(lanyard_${neighbours} PRIVATE ${arg_SOURCES})
    list(APPEND arg_USES ${arg_PRIVATE_USES})
    list(FILTER arg_USES EXCLUDE REGEX "^lanyard::${neighbours}_")
    target_link_libraries(lanyard_${neighbours} PUBLIC ${arg_USES})
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE lanyard_${neighbours})
    add_library(lanyard::${name} ALIAS ${name})
    return()
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE folder)
    list(TRANSFORM arg_SOURCES PREPEND "${folder}/")
    foreach(source IN LISTS arg_SOURCES)
      if(NOT source IN_LIST lanyard_clang_sources)
        list(REMOVE_ITEM arg_SOURCES "${source}")
      endif()
    endforeach()
    list(TRANSFORM arg_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/")
  endif()
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC lanyard_options ${arg_USES} PRIVATE ${arg_PRIVATE_USES})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE lanyard_options ${arg_USES})
  endif()
  add_library(lanyard::${name} ALIAS ${name})
  if(LANYARD_TOGETHER)
    lanyard_neighbours(${neighbours})
    target_link_libraries(lanyard_${neighbours} PUBLIC ${name})
  endif()
endfunction()

# lanyard_neighbours(<folder>): the library of the rooms in a folder, lanyard_<folder>.
function(lanyard_neighbours folder)
  if(NOT TARGET lanyard_${folder})
    add_library(lanyard_${folder} STATIC)
    target_link_libraries(lanyard_${folder} PUBLIC lanyard_options)
  endif()
endfunction()

# lanyard_schema(<name> <folder> <file.proto ...>): the wire messages as a room. Generated code is held to no warnings.
function(lanyard_schema name folder)
  set(out "${PROJECT_BINARY_DIR}/generated/proto/schema")
  file(MAKE_DIRECTORY "${out}")
  foreach(proto IN LISTS ARGN)
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    add_custom_command(
      OUTPUT "${out}/${stem}.pb.cc" "${out}/${stem}.pb.h"
      COMMAND protobuf::protoc "--proto_path=${folder}" "--cpp_out=${out}" "${proto}"
      DEPENDS "${folder}/${proto}" protobuf::protoc
      COMMENT "protoc ${proto}"
      VERBATIM)
    list(APPEND sources "${out}/${stem}.pb.cc" "${out}/${stem}.pb.h")
  endforeach()
  add_library(${name} STATIC ${sources})
  # protoc gives every file the same names of its own.
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  # As little under suspicion as the library that it calls, which has no sanitizer either.
  target_compile_options(${name} PRIVATE $<$<AND:$<CONFIG:Sanitized>,$<CXX_COMPILER_ID:GNU>>:-fno-sanitize=address,undefined>)
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_include_directories(${name} SYSTEM PUBLIC "${PROJECT_BINARY_DIR}/generated" "${out}")
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf)
  add_library(lanyard::${name} ALIAS ${name})
  if(LANYARD_TOGETHER)
    cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME neighbours)
    lanyard_neighbours(${neighbours})
    target_link_libraries(lanyard_${neighbours} PUBLIC ${name})
  endif()
endfunction()
