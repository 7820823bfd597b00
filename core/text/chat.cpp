// See chat.h.
#include "core/text/chat.h"

#include "core/base/error.h"
#include "core/text/control.h"
#include "core/text/control_pictures.h"
#include "core/text/python_text.h"

namespace welt {
namespace {

using Json = nlohmann::ordered_json;

std::string shown(const Json* value) {
  if (value == nullptr) return "nothing";
  return fmt::format("{} ({:.60})", value->type_name(), value->dump(-1, ' ', true));
}

[[noreturn]] void fail_at(const std::string& where, const Json* value, std::string expected) {
  fail({.where = where, .found = shown(value), .expected = std::move(expected)});
}

const Json* find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(key);
  return at == object.end() ? nullptr : &*at;
}

const Json& need(const Json& object, const char* key, const std::string& where, const char* expected) {
  const Json* value = find(object, key);
  if (value == nullptr) fail_at(where + "." + key, value, expected);
  return *value;
}

// As Python asks for it: null, false, 0 and what is empty are false.
bool is_truthy(const Json* value) {
  if (value == nullptr || value->is_null()) return false;
  if (value->is_boolean()) return value->get<bool>();
  if (value->is_number()) return value->get<double>() != 0;
  return value->is_string() ? !value->get_ref<const std::string&>().empty() : !value->empty();
}

class ChatWriter {
 public:
  explicit ChatWriter(const ChatOptions& options) : options_(options) {}

  void tool(const Json& tool, const std::string& where) {
    const Json& function = need(tool, "function", where, "an object {name, parameters}");
    add(control::device_control_1), add(shift_out);
    text_ += text_of(function, "name", where + ".function") + "\n";
    const Json& parameters = need(function, "parameters", where + ".function", "an object {properties}");
    if (const Json* arguments = find(parameters, "properties")) {
      if (!arguments->is_object()) fail_at(where + ".function.parameters.properties", arguments, "an object");
      for (const auto& [name, argument] : arguments->items())
        text_ += said(name) + ": " + text_of(argument, "description", where + ": argument \"" + name + "\"") + "\n";
    }
    add(shift_in);
  }

  void message(const Json& message, const std::string& where) {
    add(control::start_of_heading);
    const std::string role = text_of(message, "role", where);
    text_ += role;
    end_line();
    const bool is_prompt = role != "assistant";
    if (is_prompt) add(shift_out);
    if (!is_prompt && options_.thinking && !options_.reference_compatible) thinking(message, where);
    if (const Json* content = find(message, "content"); is_truthy(content)) text_ += content_text(*content, where);
    content_end_ = text_.size();
    if (const Json* calls = find(message, "tool_calls"); is_truthy(calls)) this->calls(*calls, where + ".tool_calls");
    if (is_prompt) add(shift_in);
    add(control::end_of_block);
    end_line();
  }

  void prompt() {
    add(control::start_of_heading);
    text_ += "assistant";
    end_line();
  }

  // Up to the end of the last message's content, which a model is to go on with.
  void end_at_content() { text_.resize(content_end_); }

  std::string take() { return std::move(text_); }

 private:
  void add(std::uint8_t character) { text_ += static_cast<char>(character); }

  void end_line() {
    if (options_.line_ends) text_ += '\n';
  }

  bool escapes() const { return options_.escape_control && !options_.reference_compatible; }

  // What a person or a tool says.
  std::string said(const std::string& text) const {
    return escapes() ? control_pictures(text, WhiteSpace::keep) : text;
  }

  std::string text_of(const Json& object, const char* key, const std::string& where) const {
    const Json& value = need(object, key, where, "a text");
    if (!value.is_string()) fail_at(where + "." + key, &value, "a text");
    return said(value.get<std::string>());
  }

  std::string content_text(const Json& content, const std::string& where) const {
    if (content.is_string()) return said(content.get<std::string>());
    if (!content.is_structured() || options_.reference_compatible) return python_repr(content);
    constexpr const char* expected = "a text, or a list of {\"type\": \"text\", \"text\": …}";
    if (!content.is_array()) fail_at(where + ".content", &content, expected);
    std::string text;
    for (const Json& part : content) {
      const Json *type = find(part, "type"), *words = find(part, "text");
      if (type == nullptr || *type != "text" || words == nullptr || !words->is_string())
        fail_at(where + ".content", &part, expected);
      text += said(words->get<std::string>());
    }
    return text;
  }

  void thinking(const Json& message, const std::string& where) {
    const char* key = is_truthy(find(message, "thinking")) ? "thinking" : "reasoning_content";
    if (!is_truthy(find(message, key))) return;
    add(control::enquiry);
    text_ += text_of(message, key, where);
    add(control::acknowledge);
  }

  void calls(const Json& calls, const std::string& where) {
    if (!calls.is_array()) fail_at(where, &calls, "a list");
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const std::string at = fmt::format("{}[{}]", where, i);
      const Json& function = need(calls[i], "function", at, "an object {name, arguments}");
      add(control::substitute);
      text_ += text_of(calls[i], "type", at) + " ";
      text_ += text_of(function, "name", at + ".function");
      text_ += "(" + said(python_json(need(function, "arguments", at + ".function", "any JSON"))) + ")";
      add(control::escape);
    }
  }

  const ChatOptions& options_;
  std::string text_;
  std::size_t content_end_ = 0;
};

void check(const Json& messages, const ChatOptions& options) {
  if (!messages.is_array() || messages.empty()) fail_at("messages", &messages, "a list of one message or more");
  if (!options.tools.is_null() && !options.tools.is_array()) fail_at("tools", &options.tools, "a list");
  if (options.add_generation_prompt && options.continue_final_message) {
    fail({.where = "continue_final_message",
          .found = "add_generation_prompt too",
          .expected = "one of them: the last message goes on, or a new one begins"});
  }
  if (!options.continue_final_message) return;
  const Json* content = find(messages.back(), "content");
  const bool goes_on =
      content != nullptr && (content->is_string() || (content->is_array() && !options.reference_compatible));
  if (!goes_on) fail_at("continue_final_message: the last message's content", content, "a text");
}

}  // namespace

std::string chat_text(const Json& messages, const ChatOptions& options) {
  check(messages, options);
  ChatWriter writer(options);
  for (std::size_t i = 0; i < options.tools.size(); ++i) writer.tool(options.tools[i], fmt::format("tools[{}]", i));
  for (std::size_t i = 0; i < messages.size(); ++i) writer.message(messages[i], fmt::format("messages[{}]", i));
  if (options.add_generation_prompt) writer.prompt();
  if (options.continue_final_message) writer.end_at_content();
  return writer.take();
}

Json assistant_message(std::string_view written) {
  written = written.substr(0, written.find(chat_message_end));
  Json message{{"role", "assistant"}, {"content", written}};
  const auto end = written.find(static_cast<char>(control::acknowledge));
  if (!written.starts_with(static_cast<char>(control::enquiry)) || end == std::string_view::npos) return message;
  message["thinking"] = written.substr(1, end - 1);
  message["content"] = written.substr(end + 1);
  return message;
}

}  // namespace welt
