# What comes from outside, by apt (tools/lib/packages.sh).

set(INTERMEDIARY_SOFIA_ROOT "" CACHE PATH "A sofia-sip of our own (tools/fuzz-sofia) instead of the system's")

find_package(PkgConfig REQUIRED)
if(INTERMEDIARY_SOFIA_ROOT)
  add_library(PkgConfig::SOFIA INTERFACE IMPORTED)
  target_include_directories(PkgConfig::SOFIA INTERFACE ${INTERMEDIARY_SOFIA_ROOT}/include)
  target_link_libraries(PkgConfig::SOFIA INTERFACE ${INTERMEDIARY_SOFIA_ROOT}/lib/libsofia-sip-ua.a)
else()
  pkg_check_modules(SOFIA REQUIRED IMPORTED_TARGET sofia-sip-ua)
endif()
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
set_property(TARGET PkgConfig::RE2 PROPERTY INTERFACE_COMPILE_OPTIONS)  # -pthread, which the precompiled headers lack
find_package(Boost 1.81 REQUIRED)
if(INTERMEDIARY_BUILD_RUNTIME OR INTERMEDIARY_BUILD_TESTS OR INTERMEDIARY_BUILD_FUZZERS)
  pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
endif()
find_package(OpenSSL 3.0 REQUIRED)
find_package(tomlplusplus 3.3 REQUIRED)  # its headers alone: lib/config/document.cpp
find_package(Threads REQUIRED)
find_package(date REQUIRED)  # its zones alone: lib/config/zones.cpp
if(INTERMEDIARY_BUILD_RUNTIME)
  find_package(CLI11 REQUIRED)
  find_package(spdlog REQUIRED)
endif()
if(INTERMEDIARY_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
