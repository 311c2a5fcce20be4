#pragma once
// Parts are the pieces pages are made of, as the style sheet names them: frame, road, gate, chip, notice,
// field, icon.
#include "gateway/portal/pages.hpp"

#include <array>

namespace sekisho::gateway {

// Say gives texts in one language.
class Say {
public:
    explicit Say(Language language) : language_(language) {}
    std::string operator()(std::string_view key, Fills fills = {}) const {
        return text(key, language_, fills);
    }
    std::string title(std::string_view key, Fills fills = {}) const {
        return sekisho::title(key, language_, fills);
    }
    Language language() const noexcept { return language_; }

private:
    Language language_;
};

enum class Tone : std::uint8_t { plain, ok, soon, no, info };
enum class Gate : std::uint8_t { open, here, wait, shut };

Markup gate_sign(Gate gate);
Markup chip(Tone tone, Gate gate, std::string_view words);
Markup notice(Tone tone, const Markup& heading, const Markup& body);
Markup answer_notice(Tone tone, const AnswerText& answer);
// ending_notice warns of an end that is near; nothing while none is.
Markup ending_notice(const Frame& frame);

// The four stations, always the same: who, second factor, device, where and when.
enum class Station : std::uint8_t { passed, here, stopped, ahead };
Markup road(const Say& say, std::array<Station, 4> stations);

// A labelled field; `problem` stands under it as one sentence.
struct FieldSpec {
    std::string id, label, hint, problem;
};
Markup field(const FieldSpec& spec, Attributes attributes);
Markup hidden_input(std::string_view name, std::string_view value);
Markup hidden_onward(const Onward& onward);
Markup go_button(std::string_view words, bool wide = false);
Markup form_post(const Url& target, std::initializer_list<Markup> children);
// passkey_form is a form our script fills with an authenticator's answer; `more` are the inputs it fills.
struct PasskeyFormSpec {
    std::string_view kind;  // "sign-in", "step-up", "new": which question
    Url target;
    std::string button;
    std::string below;  // what else there is, under the button; may be empty
};
Markup passkey_form(const Say& say, const PasskeyFormSpec& spec, std::string_view token, const Markup& more);
Markup assertion_inputs();
Markup time_el(WallTime time, Zone zone, std::string_view words);
Markup icon(std::string_view name);  // "book", "folder", "chat", "laptop", "phone", "screen", "box"

// page puts a body between head and foot.
struct PageSpec {
    std::string title;
    std::optional<Url> refresh;  // goes there at once
    bool passkeys = false;       // loads the script
};
std::string page(const Frame& frame, const PageSpec& spec, const Markup& body);
Url portal_url(const Frame& frame, LocalPath path);

}  // namespace sekisho::gateway
