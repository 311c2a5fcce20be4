# What most sources include, parsed once for all floors. Only the release preset does this: the other builds show that each
# source includes what it uses.
if(SEKISHO_PRECOMPILE)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "// Carries the precompiled headers.\n")
  add_library(sekisho_precompiled OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(sekisho_precompiled PRIVATE sekisho_flags Threads::Threads Boost::headers fmt::fmt)
  target_precompile_headers(sekisho_precompiled PRIVATE
    <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <deque> <functional> <map> <memory> <mutex> <optional> <set>
    <span> <string> <string_view> <unordered_map> <variant> <vector> <boost/system/result.hpp> <fmt/format.h>)
  # Without it the compiler cache takes no source that uses them.
  target_compile_options(sekisho_flags INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)
endif()

# sekisho_floor(name lower...): a static library of every .cpp in the folder, main.cpp apart.
function(sekisho_floor name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${name}/*.cpp ${PROJECT_SOURCE_DIR}/${name}/*.S)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(sekisho_${name} STATIC ${sources})
  target_link_libraries(sekisho_${name} PUBLIC sekisho_flags Threads::Threads)
  if(SEKISHO_PRECOMPILE)
    target_precompile_headers(sekisho_${name} REUSE_FROM sekisho_precompiled)
  endif()
  foreach(lower ${ARGN})
    target_link_libraries(sekisho_${name} PUBLIC sekisho_${lower})
  endforeach()
endfunction()
