#pragma once
// BufferPool lends blocks of memory to the connections of one worker and takes them back;
// a connection that waits for its next request holds none.
#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace sekisho::gateway {

class BufferPool;

enum class BlockSize : std::uint32_t { small = 16u << 10, large = 128u << 10 };

// Block is one lent buffer; it returns itself. An empty Block holds nothing.
class Block {
public:
    Block() = default;
    Block(Block&& other) noexcept { swap(other); }
    Block& operator=(Block&& other) noexcept {
        Block(std::move(other)).swap(*this);
        return *this;
    }
    ~Block();

    std::uint8_t* data() noexcept { return memory_.get(); }
    std::size_t size_bytes() const noexcept { return size_; }
    explicit operator bool() const noexcept { return memory_ != nullptr; }

private:
    friend class BufferPool;
    Block(BufferPool* pool, std::unique_ptr<std::uint8_t[]> memory, std::size_t size)
        : pool_(pool), memory_(std::move(memory)), size_(size) {}
    void swap(Block& other) noexcept {
        std::swap(pool_, other.pool_);
        memory_.swap(other.memory_);
        std::swap(size_, other.size_);
    }
    BufferPool* pool_ = nullptr;
    std::unique_ptr<std::uint8_t[]> memory_;
    std::size_t size_ = 0;
};

class BufferPool {
public:
    // take never fails: an empty free list allocates. Sizes other than the two are allocated and freed
    // plainly.
    Block take(std::size_t size_bytes);
    // lent_bytes is what connections hold now.
    std::size_t lent_bytes() const noexcept { return lent_; }

private:
    friend class Block;
    static constexpr std::size_t kept_small = 1024, kept_large = 64;
    void give_back(std::unique_ptr<std::uint8_t[]> memory, std::size_t size) noexcept;
    std::vector<std::unique_ptr<std::uint8_t[]>> small_, large_;
    std::size_t lent_ = 0;
};

// FlatBuffer is a queue of bytes in one Block: readable() is always contiguous.
class FlatBuffer {
public:
    explicit FlatBuffer(BufferPool& pool) : pool_(&pool) {}
    FlatBuffer(const FlatBuffer&) = delete;
    FlatBuffer& operator=(const FlatBuffer&) = delete;

    std::span<std::uint8_t> readable() noexcept { return {block_.data() + begin_, end_ - begin_}; }
    ByteView readable() const noexcept { return {const_cast<Block&>(block_).data() + begin_, end_ - begin_}; }
    std::string_view text() const noexcept { return as_text(readable()); }
    bool empty() const noexcept { return begin_ == end_; }
    std::size_t size_bytes() const noexcept { return end_ - begin_; }

    // room makes at least `least` bytes writable behind the readable ones, moving them or taking a larger
    // Block when needed, and returns all that is writable. Views into readable() are invalid afterwards.
    std::span<std::uint8_t> room(std::size_t least,
                                 std::size_t block_bytes = static_cast<std::size_t>(BlockSize::small));
    void commit(std::size_t bytes) noexcept { end_ += bytes; }
    void append(ByteView bytes);
    void append(std::string_view text) { append(as_bytes(text)); }
    void consume(std::size_t bytes) noexcept {
        begin_ += bytes;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    // release gives the Block back; only for an empty buffer.
    void release() noexcept;

private:
    BufferPool* pool_;
    Block block_;
    std::size_t begin_ = 0, end_ = 0;
};

}  // namespace sekisho::gateway
