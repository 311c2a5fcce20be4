#include "gateway/http/buffer_pool.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cstring>

namespace sekisho::gateway {

Block::~Block() {
    if (pool_) pool_->give_back(std::move(memory_), size_);
}

Block BufferPool::take(std::size_t size_bytes) {
    lent_ += size_bytes;
    auto* list = size_bytes == static_cast<std::size_t>(BlockSize::small)   ? &small_
                 : size_bytes == static_cast<std::size_t>(BlockSize::large) ? &large_
                                                                            : nullptr;
    if (list && !list->empty()) {
        auto memory = std::move(list->back());
        list->pop_back();
        return Block(this, std::move(memory), size_bytes);
    }
    return Block(this, std::unique_ptr<std::uint8_t[]>(new std::uint8_t[size_bytes]), size_bytes);
}

void BufferPool::give_back(std::unique_ptr<std::uint8_t[]> memory, std::size_t size) noexcept {
    lent_ -= size;
    if (size == static_cast<std::size_t>(BlockSize::small) && small_.size() < kept_small)
        small_.push_back(std::move(memory));
    else if (size == static_cast<std::size_t>(BlockSize::large) && large_.size() < kept_large)
        large_.push_back(std::move(memory));
}

std::span<std::uint8_t> FlatBuffer::room(std::size_t least, std::size_t block_bytes) {
    const auto held = size_bytes();
    if (!block_) {
        block_ = pool_->take(std::max(least, block_bytes));
        begin_ = end_ = 0;
    } else if (block_.size_bytes() - end_ < least) {
        if (block_.size_bytes() - held >= least && block_.size_bytes() >= block_bytes) {
            std::memmove(block_.data(), block_.data() + begin_, held);
        } else {
            auto larger = pool_->take(std::max({held + least, block_bytes, block_.size_bytes()}));
            if (held != 0) std::memcpy(larger.data(), block_.data() + begin_, held);
            block_ = std::move(larger);
        }
        begin_ = 0;
        end_ = held;
    }
    return {block_.data() + end_, block_.size_bytes() - end_};
}

void FlatBuffer::append(ByteView bytes) {
    if (bytes.empty()) return;
    const auto space = room(bytes.size());
    std::memcpy(space.data(), bytes.data(), bytes.size());
    commit(bytes.size());
}

void FlatBuffer::release() noexcept {
    check(empty(), "a buffer with bytes in it is not idle");
    block_ = Block();
    begin_ = end_ = 0;
}

}  // namespace sekisho::gateway
