// The files of web/ as they are, in the read-only section. Paths are relative to the source root, which is on
// the include path.
    .section .rodata
    .macro asset name, path
    .balign 16
    .globl sekisho_asset_\name
    .hidden sekisho_asset_\name
sekisho_asset_\name:
    .incbin "\path"
    .globl sekisho_asset_\name\()_end
    .hidden sekisho_asset_\name\()_end
sekisho_asset_\name\()_end:
    .byte 0
    .endm

    asset tokens_css, "web/tokens.css"
    asset base_css, "web/base.css"
    asset passkey_js, "web/passkey.js"
    asset mark_svg, "web/mark.svg"
    asset mark_dark_svg, "web/mark-dark.svg"

    .section .note.GNU-stack,"",%progbits
