#pragma once
// DataDirectory is the one directory of a running gateway, locked so that no second process works in it.
#include "base/result.hpp"

#include <string>

namespace sekisho::auth {

class DataDirectory {
public:
    // open makes the directory (0700) when it is missing and takes its lock, held until destruction or exit.
    // Errors: Errc::exists when another process holds it, Errc::unavailable when it cannot be made.
    static Result<DataDirectory> open(const std::string& path);
    DataDirectory(DataDirectory&& other) noexcept;
    DataDirectory& operator=(DataDirectory&& other) noexcept;
    ~DataDirectory();

    const std::string& path() const noexcept { return path_; }
    std::string store_path() const { return path_ + "/sekisho.db"; }

private:
    DataDirectory(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
    std::string path_;
    int descriptor_ = -1;
};

}  // namespace sekisho::auth
