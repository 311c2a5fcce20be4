#pragma once
// A small face over SQLite: a database, statements that are prepared once, transactions that say how durable
// they must be. The only doorway to that library.
#include "base/bytes.hpp"
#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace sekisho::auth {

enum class Durability : std::uint8_t {
    full,  // on disk when commit returns (PRAGMA synchronous=FULL)
    soon,  // survives the process; a power cut may take the last moments (NORMAL)
};

class Database;

// Query is one use of a prepared statement: bind in order, then step through the rows. Columns and parameters
// count from 0. A failure is kept and returned by every later call.
class Query {
public:
    ~Query();
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    Query& bind(std::int64_t value);
    Query& bind(std::string_view text);
    Query& bind(ByteView blob);
    // next steps to a row. false: no more rows, or a failure.
    bool next();
    // run steps to the end.
    // Errors: Errc::exists for a broken uniqueness, Errc::unavailable otherwise.
    Result<> run();
    // result says whether any call so far failed.
    Result<> result() const;

    std::int64_t integer(int column) const;
    std::string text(int column) const;
    Bytes blob(int column) const;

private:
    friend class Database;
    Query(sqlite3_stmt* statement, int failure) : statement_(statement), failure_(failure) {}
    sqlite3_stmt* statement_;
    int failure_;
    int parameter_ = 0;
};

// Thread: one at a time.
class Database {
public:
    // open makes the file with mode 0600 when it is missing. Errors: Errc::unavailable.
    static Result<std::unique_ptr<Database>> open(const std::string& path);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // query: `sql` must be a literal, the statement is kept under its address.
    Query query(const char* sql);
    // execute runs statements without parameters or rows.
    Result<> execute(const char* sql);
    // with_each_durable_commit runs a statement at the end of every transaction of full durability.
    void with_each_durable_commit(const char* sql) noexcept { at_durable_commit_ = sql; }
    const char* at_durable_commit() const noexcept { return at_durable_commit_; }
    std::int64_t changes() const noexcept;  // rows the last statement wrote
    // refuse: until it is taken back every query fails, because its transaction did not begin.
    void refuse(bool yes) noexcept { refusing_ = yes; }

private:
    explicit Database(sqlite3* handle) : handle_(handle) {}
    sqlite3* handle_;
    const char* at_durable_commit_ = nullptr;
    bool refusing_ = false;
    std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

// Transaction rolls back unless committed.
class Transaction {
public:
    Transaction(Database& database, Durability durability);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    Result<> commit();
    // begun says whether it did; queries made before it was need to know.
    const Result<>& begun() const noexcept { return begun_; }

private:
    Database& database_;
    const Durability durability_;
    Result<> begun_;
    bool open_ = false;
};

}  // namespace sekisho::auth
