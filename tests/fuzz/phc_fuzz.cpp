// Any stored string either does not parse or stays within what a verification may cost, and its parts are the
// whole of it.
#include "auth/password.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = sekisho::as_text({data, size});
    const auto parsed = sekisho::auth::parse_stored_hash(text);
    if (!parsed) return 0;
    if (parsed->cost.memory_kib > 256 * 1024 || parsed->cost.passes > 10 || parsed->cost.passes == 0)
        __builtin_trap();
    if (parsed->key_id.empty() || parsed->key_id.size() + parsed->phc.size() != size) __builtin_trap();
    return 0;
}
