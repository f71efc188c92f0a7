# A room is a folder with one target: every *.cpp in it but the tests, and a test program made of its *_test.cpp.

find_program(CCACHE ccache)
if(CCACHE)
  # What a precompiled header defines cannot be seen from outside; whoever changes one has it built anew.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

add_library(intermediary_options INTERFACE)
target_compile_features(intermediary_options INTERFACE cxx_std_23)
# g++ 12 sees enumerators as shadows of types, and std::variant's storage as uninitialised; where files are compiled
# together, clang sees shadows of what is in another file.
if(NOT CMAKE_UNITY_BUILD)
  set(shadows -Wshadow)
endif()
target_compile_options(intermediary_options INTERFACE -Wall -Wextra -Wpedantic $<IF:$<CXX_COMPILER_ID:GNU>,-Wshadow=local;-Wno-maybe-uninitialized,${shadows}> -Wnon-virtual-dtor
  -Woverloaded-virtual -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers
  $<$<BOOL:${INTERMEDIARY_WARNINGS_ARE_ERRORS}>:-Werror>)
if(INTERMEDIARY_SANITIZE)
  target_compile_options(intermediary_options INTERFACE -fsanitize=${INTERMEDIARY_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(intermediary_options INTERFACE -fsanitize=${INTERMEDIARY_SANITIZE})
endif()
if(INTERMEDIARY_SANITIZE_LIBRARY)
  set(library_options -fsanitize=${INTERMEDIARY_SANITIZE_LIBRARY} -fno-sanitize-recover=all)
  target_link_options(intermediary_options INTERFACE -fsanitize=${INTERMEDIARY_SANITIZE_LIBRARY})
endif()

# One precompiled header for rooms, one for what is not optimised where there are checks, one for all tests:
# precompile(TARGET headers|unoptimised|tests). Files include what they use all the same: -DINTERMEDIARY_PRECOMPILE=OFF
# shows what is missing.
set(precompiled_headers <algorithm> <array> <boost/container/small_vector.hpp> <boost/smart_ptr/intrusive_ptr.hpp>
  <boost/unordered/unordered_flat_map.hpp> <charconv> <chrono> <cstdint> <deque> <expected> <functional> <list> <map>
  <memory> <optional> <set> <span> <string> <string_view> <tuple> <utility> <variant> <vector>)
if(INTERMEDIARY_PRECOMPILE)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "// A target needs a source.\n")
  foreach(kind headers unoptimised tests)
    add_library(intermediary_precompiled_${kind} OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
    target_link_libraries(intermediary_precompiled_${kind} PRIVATE intermediary_options Boost::headers)
    target_include_directories(intermediary_precompiled_${kind} PRIVATE ${PROJECT_SOURCE_DIR})
    if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
      target_compile_options(intermediary_precompiled_${kind} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    endif()
  endforeach()
  target_precompile_headers(intermediary_precompiled_headers PRIVATE ${precompiled_headers})
  target_precompile_headers(intermediary_precompiled_unoptimised PRIVATE ${precompiled_headers})
  if(INTERMEDIARY_SANITIZE)
    target_compile_options(intermediary_precompiled_unoptimised PRIVATE -O0)
  endif()
  if(INTERMEDIARY_BUILD_TESTS)
    target_link_libraries(intermediary_precompiled_tests PRIVATE GTest::gmock)
    target_precompile_headers(intermediary_precompiled_tests PRIVATE ${precompiled_headers} <gmock/gmock.h> <gtest/gtest.h>)
    if(INTERMEDIARY_SANITIZE)
      target_compile_options(intermediary_precompiled_tests PRIVATE -O0)  # as the tests are, see below
    endif()
  endif()
endif()

function(precompile target kind)
  if(INTERMEDIARY_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM intermediary_precompiled_${kind})
  endif()
endfunction()

# What waits for sockets and prints reports: its libraries' templates take long to optimise with checks, and nobody would
# notice.
set(unoptimised_rooms runtime target matrix)
function(unoptimised target)
  precompile(${target} unoptimised)
  if(INTERMEDIARY_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# Where CMAKE_UNITY_BUILD is on (a fifth of the compiler's time), the files of a target are compiled eight at a time, and
# the names of their unnamed namespaces meet. Each of these is compiled by itself: a class of its own holds types of its
# unnamed namespace, or it calls things of tests what others call so too.
set_source_files_properties(
  conformance/matrix/report_json.cpp conformance/target/registrations_test.cpp lib/config/auth_test.cpp
  lib/config/handshake_auth_test.cpp lib/config/load_test.cpp lib/config/smime_test.cpp lib/config/tls_test.cpp
  lib/message/sdp_test.cpp lib/message/uri_test.cpp lib/policy/nonce_test.cpp lib/policy/smime.cpp lib/policy/stir_keys.cpp
  lib/proxy/flow_token_test.cpp lib/routing/feature_set_test.cpp lib/routing/target_set_test.cpp
  lib/runtime/dns/dns_client.cpp lib/runtime/dns/dns_message_test.cpp lib/runtime/http/http_client.cpp sim/network_test.cpp sim/runner_test.cpp
  sim/scenario_parser_test.cpp sim/source_test.cpp
  PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)

# room(NAME [DIRECTORY dir] [EXCEPT file...] DEPENDS target...)
function(room name)
  cmake_parse_arguments(ROOM "" "DIRECTORY" "EXCEPT;DEPENDS" ${ARGN})
  set(room_options)
  if(NOT ROOM_DIRECTORY)
    set(ROOM_DIRECTORY lib/${name})
    set(room_options ${library_options})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${ROOM_DIRECTORY}/*.cpp ${ROOM_DIRECTORY}/net/*.cpp
    ${ROOM_DIRECTORY}/dns/*.cpp ${ROOM_DIRECTORY}/store/*.cpp ${ROOM_DIRECTORY}/cdr/*.cpp
    ${ROOM_DIRECTORY}/control/*.cpp ${ROOM_DIRECTORY}/http/*.cpp
    ${ROOM_DIRECTORY}/explore/*.cpp ${ROOM_DIRECTORY}/replay/*.cpp)
  if(ROOM_EXCEPT)
    list(TRANSFORM ROOM_EXCEPT PREPEND ${PROJECT_SOURCE_DIR}/${ROOM_DIRECTORY}/)
    list(REMOVE_ITEM sources ${ROOM_EXCEPT})
  endif()
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(sources)
    add_library(intermediary_${name} STATIC ${sources})
    target_include_directories(intermediary_${name} PUBLIC ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR})
    target_link_libraries(intermediary_${name} PUBLIC ${ROOM_DEPENDS} PRIVATE intermediary_options)
    if(name IN_LIST unoptimised_rooms)
      unoptimised(intermediary_${name})
    else()
      target_compile_options(intermediary_${name} PRIVATE ${room_options})
      precompile(intermediary_${name} headers)
    endif()
  else()
    add_library(intermediary_${name} INTERFACE)
    target_include_directories(intermediary_${name} INTERFACE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR})
    target_link_libraries(intermediary_${name} INTERFACE ${ROOM_DEPENDS})
  endif()
  if(tests AND INTERMEDIARY_BUILD_TESTS)
    room_test(${name}_test SOURCES ${tests} DEPENDS intermediary_${name})
  endif()
endfunction()

# room_test(NAME SOURCES file... DEPENDS target...)
function(room_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  precompile(${name} tests)
  target_link_libraries(${name} PRIVATE ${TEST_DEPENDS} intermediary_options GTest::gmock GTest::gtest_main
    rapidcheck)
  target_compile_definitions(${name} PRIVATE INTERMEDIARY_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    INTERMEDIARY_BINARY_DIR="${PROJECT_BINARY_DIR}" INTERMEDIARY_SHARED_DIR="${INTERMEDIARY_SHARED_DIR}")
  if(INTERMEDIARY_SANITIZE)  # to optimise checked test code takes three times as long as to compile it
    target_compile_options(${name} PRIVATE -O0)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 300)
endfunction()
