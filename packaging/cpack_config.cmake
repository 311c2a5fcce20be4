# Read by cpack itself: asks the program for its schema and writes it into preinst.
execute_process(COMMAND ${CPACK_SEKISHO_BINARY} version --json OUTPUT_VARIABLE facts COMMAND_ERROR_IS_FATAL ANY)
string(JSON SEKISHO_STORE_SCHEMA GET "${facts}" store_schema)
configure_file(${CPACK_SEKISHO_SCRIPTS}/preinst.in ${CPACK_SEKISHO_MADE}/preinst @ONLY)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CPACK_SEKISHO_MADE}/preinst ${CPACK_SEKISHO_SCRIPTS}/postinst
  ${CPACK_SEKISHO_SCRIPTS}/prerm ${CPACK_SEKISHO_SCRIPTS}/postrm)
