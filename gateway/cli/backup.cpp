#include "gateway/backup/backup_io.hpp"
#include "gateway/backup/files_io.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/services.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

namespace sekisho::gateway::cli {
namespace {

struct Options {
    std::string config, file;
};

void could_not(Context& context, std::string_view sentence) {
    complain(sentence);
    complain(context.pick("何も変えていません。", "Nothing was changed."));
    context.exit_code = exit_could_not_run;
}

// The file is opened by whoever called, everything else is read as the owner of the data.
void backup(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.config, CheckFiles::no);
    if (!loaded) return;
    auto master = master_key(*loaded->model, context.environment);
    if (!master) return could_not(context, master.error().detail());
    auto output = create_new(options.file);
    if (!output) return could_not(context, output.error().detail());
    const UniqueFd folder(::open(std::filesystem::absolute(options.file).parent_path().c_str(),
                                 O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto name = std::filesystem::path(options.file).filename();
    become_owner_of(loaded->model->store.data_directory);
    auto manifest = write_backup(*loaded->model, *master, system_clock_face().wall(), output->get());
    if (manifest)
        if (auto synced = sync(*output, options.file); !synced) manifest = synced.error();
    if (!manifest) {
        // After the change of person the folder may be closed to us: then an empty file is left, which no
        // restore takes.
        if (::unlinkat(folder.get(), name.c_str(), 0) != 0 && ::ftruncate(output->get(), 0) != 0)
            complain(options.file + " is not whole: remove it");
        return could_not(context, manifest.error().detail());
    }
    std::uint64_t bytes = 0;
    for (const auto& file : manifest->files) bytes += file.size_bytes;
    say(context.ja() ? fmt::format("{}  {} 個、{} バイト、{} の状態", options.file, manifest->files.size(),
                                   bytes, manifest->made)
                     : fmt::format("{}  {} parts, {} bytes, as of {}", options.file, manifest->files.size(),
                                   bytes, manifest->made));
    complain(
        context.pick("マスター鍵と設定は入っていません。別の場所に控えてください。",
                     "The master key and the configuration are not in it: keep their copies elsewhere."));
}

// The act is the first thing the restored record says.
Result<> record(const config::Model& model, const config::Environment& environment,
                const Restored& restored) {
    auto services =
        Services::open(model, environment, system_clock_face(), [](std::string_view) { return true; });
    if (!services) return services.error();
    telemetry::Record record;
    record.event = telemetry::Event::privileged_act;
    record.outcome = telemetry::Outcome::done;
    record.actor = "command line";
    record.reason = "state.restored";
    record.count = static_cast<std::uint64_t>(restored.forgotten.sessions);
    record.facts.push_back({"backup_made", restored.manifest.made});
    record.facts.push_back({"backup_program", restored.manifest.program});
    record.facts.push_back({"tokens_ended", std::to_string(restored.forgotten.tokens)});
    const auto written = (*services)->audit->append(std::move(record), telemetry::Durability::wait);
    if (!written) return written.error();
    return {};
}

void restore(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.config, CheckFiles::no);
    if (!loaded) return;
    auto master = master_key(*loaded->model, context.environment);
    if (!master) return could_not(context, master.error().detail());
    // Opened before the change of person: the file may be closed to the gateway.
    const auto file = open_to_read(options.file);
    if (!file) return could_not(context, file.error().detail());
    become_owner_of(loaded->model->store.data_directory);
    const auto restored = restore_backup(*loaded->model, *master, system_clock_face().wall(), *file);
    if (!restored) return could_not(context, restored.error().detail());
    const auto& gone = restored->forgotten;
    say(context.ja()
            ? fmt::format("{} の状態に戻しました。終えたもの: セッション {}、サービストークン {}、登録案内 "
                          "{}、回復コード {}",
                          restored->manifest.made, gone.sessions, gone.tokens, gone.links, gone.codes)
            : fmt::format("Restored as of {}. Ended: {} sessions, {} service tokens, {} activation links, {} "
                          "recovery codes",
                          restored->manifest.made, gone.sessions, gone.tokens, gone.links, gone.codes));
    if (restored->checkpoints_kept)
        complain(
            context.pick("検査点は今あるものを残しました。バックアップより新しい記録は失われ、audit verify "
                         "がそう伝えます。",
                         "The checkpoints that are there were kept: records newer than the backup are lost, "
                         "and audit verify says so."));
    complain(
        context.ja()
            ? fmt::format("次に: {} より後に止めたアカウントは、また有効です。sekisho users list "
                          "で確かめてください。",
                          restored->manifest.made)
            : fmt::format("Next: accounts disabled after {} are enabled again. Look at sekisho users list.",
                          restored->manifest.made));
    if (auto recorded = record(*loaded->model, context.environment, *restored); !recorded) {
        complain(recorded.error().detail());
        context.exit_code = exit_could_not_run;
    }
}

Verb add_verb(const Verb& program, const char* name, Bilingual help, Bilingual example,
              const std::shared_ptr<Options>& options) {
    const auto verb = program.add(name, help, example);
    verb.option("file", options->file, {"バックアップのファイル", "file of the backup"}).required();
    verb.config(options->config);
    return verb;
}

}  // namespace

void add_backup(const Verb& program, Context& context) {
    auto options = std::make_shared<Options>();
    add_verb(program, "backup",
             {"アカウントと監査記録を 1 つのファイルに写す。動いたままでよい",
              "Copy accounts and the audit record into one file; the gateway may run"},
             "backup /srv/backup/sekisho-today", options)
        .runs([&context, options] { backup(context, *options); });
    options = std::make_shared<Options>();
    add_verb(program, "restore",
             {"バックアップを空のデータの場所に戻す。止めてから。サインインは全員やり直し",
              "Put a backup into an empty data directory, with the gateway stopped; everybody signs in anew"},
             "restore /srv/backup/sekisho-today", options)
        .runs([&context, options] { restore(context, *options); });
}

}  // namespace sekisho::gateway::cli
