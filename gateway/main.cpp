// The program's entry: everything is decided by the command line.
int main() { return 2; }
