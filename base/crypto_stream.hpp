#pragma once
// Sha256Stream hashes what does not fit into memory, piece by piece.
#include "base/crypto.hpp"

namespace sekisho {

class Sha256Stream {
public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(const Sha256Stream&) = delete;
    Sha256Stream& operator=(const Sha256Stream&) = delete;
    void add(ByteView bytes) noexcept;
    Digest finish() noexcept;  // once

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

}  // namespace sekisho
