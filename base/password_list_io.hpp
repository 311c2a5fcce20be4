#pragma once
// PasswordList is a list of passwords nobody may have, open on disk.
#include "base/password_list.hpp"

namespace sekisho {

class PasswordList {
public:
    // Errors: Errc::not_found, Errc::denied; Errc::malformed when it is no regular file or judge_list says
    // so.
    static Result<PasswordList> open(const std::string& path);
    PasswordList(PasswordList&& other) noexcept;
    PasswordList& operator=(PasswordList&&) = delete;
    ~PasswordList();

    // holds: is this very password on the list? Errors: Errc::unavailable.
    // Thread: any; reads the disk.
    Result<bool> holds(std::string_view password) const;

private:
    PasswordList(int descriptor, std::uint64_t size_bytes) noexcept
        : descriptor_(descriptor), size_bytes_(size_bytes) {}
    ReadAt reader() const;

    int descriptor_;
    std::uint64_t size_bytes_;
};

}  // namespace sekisho
