# A room is a folder with one target: every *.cpp in it but the tests, and a test program made of its *_test.cpp.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(intermediary_options INTERFACE)
target_compile_features(intermediary_options INTERFACE cxx_std_23)
# g++ 12 sees enumerators as shadows of types, and std::variant's storage as uninitialised.
target_compile_options(intermediary_options INTERFACE -Wall -Wextra -Wpedantic $<IF:$<CXX_COMPILER_ID:GNU>,-Wshadow=local;-Wno-maybe-uninitialized,-Wshadow> -Wnon-virtual-dtor
  -Woverloaded-virtual -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers -Werror)
if(INTERMEDIARY_SANITIZE)
  target_compile_options(intermediary_options INTERFACE -fsanitize=${INTERMEDIARY_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(intermediary_options INTERFACE -fsanitize=${INTERMEDIARY_SANITIZE})
endif()

# room(NAME [DIRECTORY dir] DEPENDS target...)
function(room name)
  cmake_parse_arguments(ROOM "" "DIRECTORY" "DEPENDS" ${ARGN})
  if(NOT ROOM_DIRECTORY)
    set(ROOM_DIRECTORY lib/${name})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${ROOM_DIRECTORY}/*.cpp ${ROOM_DIRECTORY}/net/*.cpp
    ${ROOM_DIRECTORY}/dns/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(sources)
    add_library(intermediary_${name} STATIC ${sources})
    target_include_directories(intermediary_${name} PUBLIC ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR})
    target_link_libraries(intermediary_${name} PUBLIC ${ROOM_DEPENDS} PRIVATE intermediary_options)
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
  target_link_libraries(${name} PRIVATE ${TEST_DEPENDS} intermediary_options GTest::gmock GTest::gtest_main
    rapidcheck)
  target_compile_definitions(${name} PRIVATE INTERMEDIARY_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    INTERMEDIARY_BINARY_DIR="${PROJECT_BINARY_DIR}" INTERMEDIARY_SHARED_DIR="${INTERMEDIARY_SHARED_DIR}")
  if(INTERMEDIARY_SANITIZE)  # to optimise checked test code takes three times as long as to compile it
    set_source_files_properties(${TEST_SOURCES} PROPERTIES COMPILE_OPTIONS -O0)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 300)
endfunction()
