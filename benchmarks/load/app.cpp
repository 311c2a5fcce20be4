// The app behind every proxy of the bench: 1 KiB and 10 MiB answers, a sink for uploads, a WebSocket that
// echoes. One thread, so that it takes little of the core it shares with the load.
#include "sockets.hpp"

#include <openssl/evp.h>

#include <memory>
#include <utility>
#include <vector>

namespace load {
namespace {

constexpr std::size_t ten_mib = 10u << 20, read_bytes = 256u << 10, head_bytes_max = 64u << 10;

std::string answer(std::size_t body_bytes) {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body_bytes) +
           "\r\n\r\n" + std::string(body_bytes, 'x');
}

std::string websocket_accept(std::string_view key) {
    const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int bytes = 0;
    EVP_Digest(text.data(), text.size(), hash, &bytes, EVP_sha1(), nullptr);
    char encoded[64];
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded), hash, static_cast<int>(bytes));
    return encoded;
}

std::string_view header(std::string_view head, std::string_view name) {
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
        const auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
        if (line.size() <= name.size() || line[name.size()] != ':') continue;
        if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
        auto value = line.substr(name.size() + 1);
        while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
        return value;
    }
    return {};
}

struct Client {
    int fd;
    std::string in, out;
    std::string_view body;        // of a large answer, sent after `out`
    std::int64_t to_swallow = 0;  // of an upload
    bool websocket = false;
};

class App {
public:
    explicit App(std::uint16_t port) : small_(answer(1024)), large_(answer(ten_mib)), nothing_(answer(0)) {
        epoll_ = ::epoll_create1(0);
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        const int yes = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        const auto address = loopback(port);
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_, 4096) != 0)
            stop("listening");
        watch(epoll_, listener_, nullptr, EPOLLIN);
    }

    // Runs until its parent ends it.
    [[noreturn]] void run() {
        epoll_event events[256];
        for (;;) {
            const int count = ::epoll_wait(epoll_, events, 256, -1);
            for (int i = 0; i < count; ++i) {
                if (events[i].data.ptr == nullptr)
                    accept_all();
                else
                    serve(static_cast<Client*>(events[i].data.ptr));
            }
        }
    }

private:
    void accept_all() {
        for (;;) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
            if (fd < 0) return;
            send_at_once(fd);
            watch(epoll_, fd, new Client{fd, {}, {}, {}, 0, false});
        }
    }

    void serve(Client* client) {
        bool open = write_out(*client);
        while (open && client->out.empty() && client->body.empty()) {
            const auto got = ::recv(client->fd, buffer_.data(), buffer_.size(), 0);
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
            if (got <= 0) {
                open = false;
                break;
            }
            open = take(*client, {buffer_.data(), static_cast<std::size_t>(got)}) && write_out(*client);
        }
        if (open) return;
        ::close(client->fd);
        delete client;
    }

    bool take(Client& client, std::string_view bytes) {
        if (client.to_swallow > 0) {
            const auto taken =
                std::min<std::size_t>(static_cast<std::size_t>(client.to_swallow), bytes.size());
            client.to_swallow -= static_cast<std::int64_t>(taken);
            bytes.remove_prefix(taken);
            if (client.to_swallow == 0) client.out += nothing_;
        }
        client.in += bytes;
        for (;;) {
            if (client.websocket) return take_frames(client);
            const auto end = client.in.find("\r\n\r\n");
            if (end == std::string::npos) return client.in.size() < head_bytes_max;
            const auto head = client.in.substr(0, end + 2);
            client.in.erase(0, end + 4);
            answer_head(client, head);
            if (client.to_swallow > 0) {
                const auto rest = std::exchange(client.in, {});
                return rest.empty() || take(client, rest);
            }
        }
    }

    void answer_head(Client& client, const std::string& head) {
        if (const auto key = header(head, "sec-websocket-key"); !key.empty()) {
            client.websocket = true;
            client.out +=
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Accept: " +
                websocket_accept(key) + "\r\n\r\n";
            return;
        }
        const auto length = header_number(head, "content-length");
        if (length > 0)
            client.to_swallow = length;
        else if (head.starts_with("POST"))
            client.out += nothing_;
        else if (head.find("/10m ") != std::string::npos)
            client.body = large_;
        else
            client.out += small_;
    }

    // Whole masked frames come back unmasked; a close ends it.
    bool take_frames(Client& client) {
        std::size_t at = 0;
        for (;;) {
            auto* data = reinterpret_cast<unsigned char*>(client.in.data()) + at;
            const std::size_t have = client.in.size() - at;
            if (have < 6) break;
            std::size_t size = data[1] & 127u, skip = 2;
            if (size == 126) {
                if (have < 8) break;
                size = std::size_t{data[2]} << 8 | data[3];
                skip = 4;
            } else if (size == 127) {
                if (have < 14) break;
                size = 0;
                for (int i = 2; i < 10; ++i) size = size << 8 | data[i];
                skip = 10;
            }
            if (have < skip + 4 + size) break;
            if ((data[0] & 15) == 8) return false;
            const unsigned char* mask = data + skip;
            unsigned char* payload = data + skip + 4;
            for (std::size_t i = 0; i < size; ++i) payload[i] ^= mask[i & 3];
            client.out += static_cast<char>(data[0]);
            if (size < 126) {
                client.out += static_cast<char>(size);
            } else if (size < 65536) {
                client.out += static_cast<char>(126);
                client.out += {static_cast<char>(size >> 8), static_cast<char>(size & 255)};
            } else {
                client.out += static_cast<char>(127);
                for (int i = 7; i >= 0; --i) client.out += static_cast<char>(size >> (8 * i) & 255);
            }
            client.out.append(reinterpret_cast<char*>(payload), size);
            at += skip + 4 + size;
        }
        client.in.erase(0, at);
        return true;
    }

    // False when the connection broke.
    bool write_out(Client& client) {
        while (!client.out.empty() || !client.body.empty()) {
            const std::string_view next = client.out.empty() ? client.body : std::string_view(client.out);
            const auto sent = ::send(client.fd, next.data(), next.size(), MSG_NOSIGNAL);
            if (sent < 0) return errno == EAGAIN || errno == EINTR;
            if (client.out.empty())
                client.body.remove_prefix(static_cast<std::size_t>(sent));
            else
                client.out.erase(0, static_cast<std::size_t>(sent));
        }
        return true;
    }

    const std::string small_, large_, nothing_;
    std::vector<char> buffer_ = std::vector<char>(read_bytes);
    int epoll_ = -1, listener_ = -1;
};

}  // namespace

std::int64_t header_number(std::string_view head, std::string_view name) {
    const auto value = header(head, name);
    return value.empty() ? -1 : std::strtoll(std::string(value).c_str(), nullptr, 10);
}

int run_app(std::uint16_t port) { App(port).run(); }

}  // namespace load
