// The program's entry: everything is decided by the command line.
#include "gateway/cli/cli.hpp"

int main(int argc, char** argv) { return sekisho::gateway::cli::run(argc, argv); }
