#pragma once
// Flow is the type of a detached coroutine, one per connection: it starts at once and its frame frees itself.
//
// The reactor is the first parameter (after the object, for members) so that the reactor can count it:
//     Flow serve(Reactor& reactor, AcceptedSocket socket) { Waiter waiter(reactor); ... }
// Parameters by value, the reactor apart. An exception that leaves it ends it and reaches
// Reactor::on_exception.
#include <coroutine>
#include <exception>

namespace sekisho::gateway {

class Reactor;

class Flow {
public:
    class promise_type {
    public:
        template <class... Rest>
        explicit promise_type(Reactor& reactor, Rest&&...) noexcept : promise_type(&reactor) {}
        template <class Object, class... Rest>
        explicit promise_type(Object&, Reactor& reactor, Rest&&...) noexcept : promise_type(&reactor) {}
        promise_type(const promise_type&) = delete;
        promise_type& operator=(const promise_type&) = delete;
        ~promise_type();

        Flow get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept;

    private:
        explicit promise_type(Reactor* reactor) noexcept;
        Reactor* reactor_;
    };
};

}  // namespace sekisho::gateway
