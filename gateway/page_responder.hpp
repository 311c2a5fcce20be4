#pragma once
// PageResponder makes our answers: refusals on the worker, pages and hand-overs on the pools, and records
// what happened in them.
#include "base/blocking_pool.hpp"
#include "gateway/limits_met.hpp"
#include "gateway/notify/notice.hpp"
#include "gateway/portal/handover.hpp"
#include "gateway/portal/portal.hpp"
#include "gateway/responder.hpp"
#include "telemetry/audit_sink_io.hpp"

namespace sekisho::gateway {

class PageResponder final : public Responder {
public:
    struct Parts {
        const Portal& portal;
        const Handover& handover;
        const auth::SessionLog& sessions;
        BlockingPool& pages;
        BlockingPool& hashing;
        BlockingPool& ends;  // its jobs wait for nothing
        BlockingPool& acts;  // what follows from them
        telemetry::AuditWriter& audit;
        telemetry::SharedShard& shard;
        Notices& notices;
        std::vector<telemetry::LabelId> limits;  // limit_labels
    };
    explicit PageResponder(const Parts& parts) : parts_(parts) {}

    LocalReply refusal(const SnapshotPtr& snapshot, const RequestHead& head, const Verdict& verdict,
                       const PeerFacts& peer, std::string_view request_id, WallTime now) override;
    LocalReply fault(const SnapshotPtr& snapshot, const Asker& asker, const config::App* app,
                     UpstreamFault fault, std::string_view request_id, WallTime now) override;
    LocalReply malformed(const SnapshotPtr& snapshot, const Asker& asker, int status,
                         std::uint64_t body_bytes_max, std::string_view request_id) override;
    Page begin_page(const SnapshotPtr& snapshot, Reactor& reactor, const RequestHead& head,
                    const Verdict& verdict, const PeerFacts& peer, std::string_view request_id,
                    WallTime now) override;

private:
    LocalReply refusal_of(const SnapshotPtr& snapshot, const RequestHead& head, const Verdict& verdict,
                          const PeerFacts& peer, std::string_view request_id, WallTime now) const;
    PortalRequest request_of(const SnapshotPtr& snapshot, const RequestHead* head, const Verdict* verdict,
                             const PeerFacts* peer, std::string_view request_id, WallTime now) const;
    PortalRequest request_of(const SnapshotPtr& snapshot, const Asker& asker, std::string_view request_id,
                             WallTime now) const;
    void record(const PortalRequest& request, const PortalResponse& response,
                telemetry::Durability durability) const;
    struct Asked;
    void finish(const std::shared_ptr<Asked>& asked, PortalResponse response) const;
    bool submit(const std::shared_ptr<Asked>& asked) const;
    void end_first(const std::shared_ptr<Asked>& asked) const;
    LocalReply busy(const PortalRequest& request) const;

    Parts parts_;
};

}  // namespace sekisho::gateway
