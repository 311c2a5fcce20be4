# One set of flags for our own code; third-party headers are system headers.
add_library(sekisho_flags INTERFACE)
target_compile_options(sekisho_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wconversion -Wsign-conversion
  -Wno-sign-conversion -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives of g++ 12 and 14 inside library headers once inlined.
  target_compile_options(sekisho_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
    target_compile_options(sekisho_flags INTERFACE -Wno-dangling-reference -Wno-stringop-overread)
  endif()
endif()
target_include_directories(sekisho_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(sekisho_flags INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
target_compile_definitions(sekisho_flags INTERFACE SEKISHO_VERSION="${PROJECT_VERSION}")
if(SEKISHO_TEST_HOOKS)
  target_compile_definitions(sekisho_flags INTERFACE SEKISHO_TEST_HOOKS=1)
endif()
if(SEKISHO_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(sekisho_flags INTERFACE -Wno-tsan) # Asio's fences; they order nothing of ours
endif()
if(SEKISHO_SANITIZE)
  target_compile_options(sekisho_flags INTERFACE -fsanitize=${SEKISHO_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(sekisho_flags INTERFACE -fsanitize=${SEKISHO_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(sekisho_flags INTERFACE -fno-sanitize=function) # clang 14 cannot emit it for coroutines
  endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_link_options(sekisho_flags INTERFACE -fuse-ld=lld)
endif()
