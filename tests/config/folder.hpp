#pragma once
// Folder is a place on the disk for one test; it is removed afterwards.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <sys/stat.h>

namespace sekisho::config {

class Folder {
public:
    Folder() {
        auto form = (std::filesystem::temp_directory_path() / "sekisho-config-XXXXXX").string();
        if (::mkdtemp(form.data()) == nullptr) throw std::runtime_error("no temporary folder");
        root_ = form;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string path(const std::string& name) const { return root_ + "/" + name; }
    void put(const std::string& name, const std::string& text, unsigned mode = 0644) const {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name), std::ios::binary | std::ios::trunc) << text;
        ::chmod(path(name).c_str(), mode);
    }
    // replace writes beside and renames over, as editors and deployment tools do.
    void replace(const std::string& name, const std::string& text) const {
        put(name + ".new~", text);
        std::filesystem::rename(path(name + ".new~"), path(name));
    }
    void remove(const std::string& name) const { std::filesystem::remove(path(name)); }

private:
    std::string root_;
};

}  // namespace sekisho::config
