# welt_add_tests(name [TENSORS] [TOGETHER n] LIBRARIES … SOURCES …): one GoogleTest program; every test becomes a ctest entry
# of its own. TOGETHER: so many files are compiled as one, which halves the time that JSON's and GoogleTest's templates
# take; what stands outside the tests in these files must then have a name of its own in the whole program.
# Labels come from the test's suite name: *Parity is `parity`, *Slow is `slow`, everything else `unit`.
# Test programs lie in a folder of their own, so ctest tells the registry where the built plugins are.
find_package(GTest REQUIRED)

# Tests are not optimised: what they run is.
set(WELT_TEST_FLAGS $<$<NOT:$<CONFIG:Debug>>:-O0>)

# Sets `result` to those of the sources that include LibTorch's operators.
function(welt_names_operators result)
  set(named)
  foreach(source IN LISTS ARGN)
    file(STRINGS "${source}" includes REGEX "^#include <ATen/(ops/|TensorOperators|Functions)" LIMIT_COUNT 1)
    if(includes)
      list(APPEND named "${source}")
    endif()
  endforeach()
  set(${result} "${named}" PARENT_SCOPE)
endfunction()

# Most of a test's compilation is reading what is not ours: GoogleTest, JSON, LibTorch's tensors and its operators. Each
# of the sets `text`, `tensors` and `operators`, which has all of the one before it, is precompiled once: by the first
# target that wants it, for all others. Every file pays for what is in its set and unused (operators: a second).
function(_welt_precompile target set)
  set(headers <gtest/gtest.h> <nlohmann/json.hpp> <algorithm> <cmath> <filesystem> <fstream> <map> <memory> <random> <set>
    <sstream> <string> <vector>)
  if(NOT set STREQUAL "text")
    list(APPEND headers <ATen/core/Tensor.h>)
  endif()
  if(set STREQUAL "operators")
    list(APPEND headers <ATen/TensorOperators.h>)
  endif()
  get_property(first GLOBAL PROPERTY WELT_PRECOMPILED_${set})
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
  else()
    set_property(GLOBAL PROPERTY WELT_PRECOMPILED_${set} ${target})
    target_precompile_headers(${target} PRIVATE ${headers})
  endif()
endfunction()

function(welt_add_tests name)
  cmake_parse_arguments(ARG "TENSORS" "TOGETHER" "SOURCES;LIBRARIES;DEFINITIONS" ${ARGN})
  if(NOT ARG_SOURCES)
    return()
  endif()
  welt_names_operators(operators ${ARG_SOURCES})
  set(rest "${ARG_SOURCES}")
  if(operators)
    list(REMOVE_ITEM rest ${operators})
  endif()
  set(set_of_rest text)
  if(ARG_TENSORS)
    set(set_of_rest tensors)
  endif()
  add_executable(${name})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/bin")
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} GTest::gtest GTest::gtest_main)
  foreach(part IN ITEMS "operators;${operators}" "${set_of_rest};${rest}")
    list(POP_FRONT part set)
    if(NOT part)
      continue()
    endif()
    add_library(${name}_${set} OBJECT ${part})
    target_link_libraries(${name}_${set} PRIVATE ${ARG_LIBRARIES} GTest::gtest welt_warnings)
    _welt_precompile(${name}_${set} ${set})
    target_compile_options(${name}_${set} PRIVATE ${WELT_TEST_FLAGS})
    target_compile_definitions(${name}_${set} PRIVATE WELT_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/goldens"
      WELT_SOURCE_DIR="${CMAKE_SOURCE_DIR}" WELT_VERSION="${PROJECT_VERSION}" WELT_BINARY="$<TARGET_FILE:welt>"
      WELT_PLUGIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" WELT_PLUGIN_ZOO="${CMAKE_BINARY_DIR}/tests/plugins" ${ARG_DEFINITIONS})
    if(ARG_TOGETHER AND NOT set STREQUAL "operators")
      set_target_properties(${name}_${set} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${ARG_TOGETHER})
    endif()
    target_link_libraries(${name} PRIVATE ${name}_${set})
  endforeach()
  if(WELT_STATIC_PLUGINS)
    target_link_libraries(${name} PRIVATE welt_static_plugins)
  endif()
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
