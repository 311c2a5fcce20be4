# The Debian package: `cpack -G DEB` in build/release. Man pages, completions and the list of parts are made by
# the program that is packed, at the moment it is packed.
include(GNUInstallDirs)
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
install(TARGETS sekisho RUNTIME DESTINATION bin)
install(FILES packaging/systemd/sekisho.service packaging/systemd/sekisho.socket DESTINATION lib/systemd/system)
install(FILES packaging/systemd/sekisho.sysusers DESTINATION lib/sysusers.d RENAME sekisho.conf)
install(FILES packaging/systemd/sekisho.tmpfiles DESTINATION lib/tmpfiles.d RENAME sekisho.conf)
install(FILES packaging/debian/lintian-overrides DESTINATION share/lintian/overrides RENAME sekisho)
install(FILES packaging/debian/copyright DESTINATION share/doc/sekisho)
install(CODE "execute_process(COMMAND \"${PROJECT_SOURCE_DIR}/packaging/made_files.sh\" \"$<TARGET_FILE:sekisho>\" \"${PROJECT_SOURCE_DIR}\"
  \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}\" COMMAND_ERROR_IS_FATAL ANY)")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sekisho)
set(CPACK_PACKAGE_CONTACT "The Sekisho maintainers <maintainers@sekisho.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "zero-trust gateway between remote people and internal web apps")
set(CPACK_PACKAGE_DESCRIPTION
  "Sekisho is the one gate between remote staff, contractors and internal web
applications. People sign in with two factors; each request is decided by a
policy that denies by default; open connections end when access ends; every
decision leaves a record that tells when it was changed.
.
Pages and messages are in Japanese and English.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS ${CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "tzdata, systemd | systemd-standalone-sysusers | systemd-sysusers, systemd | systemd-standalone-tmpfiles | systemd-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
# Writes the maintainer scripts with the schema of the program that is packed.
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/packaging/cpack_config.cmake)
set(CPACK_SEKISHO_BINARY ${CMAKE_BINARY_DIR}/sekisho)
set(CPACK_SEKISHO_SCRIPTS ${PROJECT_SOURCE_DIR}/packaging/debian)
set(CPACK_SEKISHO_MADE ${CMAKE_BINARY_DIR}/debian)
include(CPack)
