# welt_add_tests(name [TENSORS] LIBRARIES … SOURCES …): one GoogleTest program; every test becomes a ctest entry of its own.
# Labels come from the test's suite name: *Parity is `parity`, *Slow is `slow`, everything else `unit`.
# Test programs lie in a folder of their own, so ctest tells the registry where the built plugins are.
find_package(GTest REQUIRED)

# Tests are not optimised: what they run is.
set(WELT_TEST_FLAGS $<$<NOT:$<CONFIG:Debug>>:-O0>)

# Most of a test's compilation is reading what is not ours: GoogleTest, JSON and, for programs of TENSORS, LibTorch's
# tensors. Either set is precompiled once: by the first program that wants it, for all others. Every file pays for what is
# in its set and unused (two seconds for tensors), so a program has the larger one only if most of its files need it.
function(_welt_precompile name tensors)
  set(headers <gtest/gtest.h> <nlohmann/json.hpp> <algorithm> <cmath> <filesystem> <fstream> <map> <memory> <random> <set>
    <sstream> <string> <vector>)
  set(kind text)
  if(tensors)
    set(kind tensors)
    list(APPEND headers <ATen/core/Tensor.h> <ATen/TensorOperators.h>)
  endif()
  get_property(first GLOBAL PROPERTY WELT_PRECOMPILED_${kind})
  if(first)
    target_precompile_headers(${name} REUSE_FROM ${first})
  else()
    set_property(GLOBAL PROPERTY WELT_PRECOMPILED_${kind} ${name})
    target_precompile_headers(${name} PRIVATE ${headers})
  endif()
endfunction()

function(welt_add_tests name)
  cmake_parse_arguments(ARG "TENSORS" "" "SOURCES;LIBRARIES;DEFINITIONS" ${ARGN})
  if(NOT ARG_SOURCES)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} GTest::gtest GTest::gtest_main welt_warnings)
  _welt_precompile(${name} ${ARG_TENSORS})
  target_compile_options(${name} PRIVATE ${WELT_TEST_FLAGS})
  if(WELT_STATIC_PLUGINS)
    target_link_libraries(${name} PRIVATE welt_static_plugins)
  endif()
  target_compile_definitions(${name} PRIVATE WELT_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/goldens"
    WELT_SOURCE_DIR="${CMAKE_SOURCE_DIR}" WELT_VERSION="${PROJECT_VERSION}" WELT_BINARY="$<TARGET_FILE:welt>"
    WELT_PLUGIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" WELT_PLUGIN_ZOO="${CMAKE_BINARY_DIR}/tests/plugins" ${ARG_DEFINITIONS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/bin")
  include(GoogleTest)
  foreach(entry IN ITEMS "unit:-*Parity*.*:*Slow*.*:60" "parity:*Parity*.*:120" "slow:*Slow*.*:900")
    string(REGEX MATCH "^[a-z]+" label "${entry}")
    string(REGEX MATCH "[0-9]+$" limit "${entry}")
    string(REGEX REPLACE "^[a-z]+:(.*):[0-9]+$" "\\1" filter "${entry}")
    gtest_discover_tests(${name} TEST_FILTER "${filter}" DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
      TEST_LIST ${name}_${label}_tests
      PROPERTIES LABELS ${label} TIMEOUT ${limit} ENVIRONMENT "OMP_NUM_THREADS=1"
      ENVIRONMENT_MODIFICATION "WELT_PLUGIN_PATH=set:${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  endforeach()
endfunction()
