#include "auth/store/sqlite_io.hpp"

#include <sqlite3.h>

#include <fcntl.h>
#include <unistd.h>

namespace sekisho::auth {
namespace {

Error failure_of(int code) {
    if ((code & 0xff) == SQLITE_CONSTRAINT) return Error(Errc::exists, "the store holds that already");
    return Error(Errc::unavailable, std::string("store: ") + sqlite3_errstr(code));
}

}  // namespace

Query::~Query() {
    if (statement_ == nullptr) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

Query& Query::bind(std::int64_t value) {
    if (failure_ == SQLITE_OK) failure_ = sqlite3_bind_int64(statement_, ++parameter_, value);
    return *this;
}

Query& Query::bind(std::string_view text) {
    if (failure_ == SQLITE_OK)
        failure_ = sqlite3_bind_text(statement_, ++parameter_, text.data() != nullptr ? text.data() : "",
                                     static_cast<int>(text.size()), SQLITE_TRANSIENT);
    return *this;
}

Query& Query::bind(ByteView blob) {
    if (failure_ == SQLITE_OK)
        failure_ = blob.empty() ? sqlite3_bind_zeroblob(statement_, ++parameter_, 0)
                                : sqlite3_bind_blob(statement_, ++parameter_, blob.data(),
                                                    static_cast<int>(blob.size()), SQLITE_TRANSIENT);
    return *this;
}

bool Query::next() {
    if (failure_ != SQLITE_OK) return false;
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) failure_ = code;
    return false;
}

Result<> Query::run() {
    while (next()) {
    }
    return result();
}

Result<> Query::result() const {
    if (failure_ != SQLITE_OK) return failure_of(failure_);
    return {};
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Query::text(int column) const {
    const auto* data = sqlite3_column_text(statement_, column);
    if (data == nullptr) return {};
    return {reinterpret_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Bytes Query::blob(int column) const {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
    if (data == nullptr) return {};
    return {data, data + sqlite3_column_bytes(statement_, column)};
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
    // Made here, so that it and the -wal and -shm files beside it are nobody else's to read.
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return Error(Errc::unavailable, "cannot open the store " + path);
    ::close(descriptor);
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(
        path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    std::unique_ptr<Database> database(new Database(handle));
    if (code != SQLITE_OK) return failure_of(code);
    sqlite3_busy_timeout(handle, 2000);
    if (auto set =
            database->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                              "PRAGMA secure_delete=ON; PRAGMA trusted_schema=OFF");
        !set)
        return set.error();
    return database;
}

Database::~Database() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close(handle_);
}

Query Database::query(const char* sql) {
    if (refusing_) return Query(nullptr, SQLITE_BUSY);
    auto& statement = statements_[sql];
    int code = SQLITE_OK;
    if (statement == nullptr)
        code = sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    return Query(statement, code);
}

Result<> Database::execute(const char* sql) {
    const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failure_of(code);
    return {};
}

std::int64_t Database::changes() const noexcept { return sqlite3_changes64(handle_); }

Transaction::Transaction(Database& database, Durability durability)
    : database_(database),
      durability_(durability),
      begun_(database.execute(durability == Durability::full ? "PRAGMA synchronous=FULL"
                                                             : "PRAGMA synchronous=NORMAL")) {
    if (begun_) begun_ = database.execute("BEGIN IMMEDIATE");
    open_ = begun_.has_value();
    database_.refuse(!open_);
}

Transaction::~Transaction() {
    database_.refuse(false);
    if (open_) (void)database_.execute("ROLLBACK");
}

Result<> Transaction::commit() {
    if (!begun_) return begun_;
    if (const char* last = database_.at_durable_commit(); last != nullptr && durability_ == Durability::full)
        if (auto written = database_.query(last).run(); !written) return written;
    auto done = database_.execute("COMMIT");
    open_ = !done.has_value();
    return done;
}

}  // namespace sekisho::auth
