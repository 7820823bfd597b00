// See footer.h.
#include "core/parquet/footer.h"

#include <fmt/format.h>

#include <algorithm>

namespace welt::parquet {
namespace {

using Field = ThriftReader::Field;

// A byte of the footer may be an element, a group or a chunk, each of which is some hundred bytes here.
constexpr std::size_t most_columns = 10000, most_groups = 1000000;

struct Element {
  Node node;
  std::int64_t children = 0, converted = -1;
  bool has_type = false;
};

// The union LogicalType: which member there is, and its unit or sign.
void read_logical(ThriftReader& in, Node& node) {
  in.record([&](const Field& member) {
    if (member.type != Thrift::record) return false;
    const auto is = [&](Meaning meaning) { node.meaning = meaning; };
    switch (member.id) {
      case 1:
      case 4:
      case 12:
        is(Meaning::text);
        break;
      case 2:
        is(Meaning::map);
        break;
      case 3:
        is(Meaning::list);
        break;
      case 5:
        is(Meaning::decimal);
        break;
      case 6:
        is(Meaning::date);
        break;
      case 7:
      case 8:
        is(member.id == 7 ? Meaning::time : Meaning::timestamp);
        in.record([&](const Field& part) {
          if (part.id != 2 || part.type != Thrift::record) return false;
          in.record([&](const Field& unit) {
            node.scale = unit.id == 1 ? 1000 : unit.id == 2 ? 1000000 : 1000000000;
            return false;
          });
          return true;
        });
        return true;
      case 10:
        in.record([&](const Field& part) {
          if (part.id == 2 && part.type == Thrift::no) is(Meaning::uint);
          return part.id == 2 && (part.type == Thrift::no || part.type == Thrift::yes);
        });
        return true;
      case 14:
        is(Meaning::uuid);
        break;
      case 15:
        is(Meaning::real16);
        break;
      default:
        break;
    }
    return false;
  });
}

// The older ConvertedType says the same where there is no LogicalType.
void take_converted(Element& element) {
  Node& node = element.node;
  if (node.meaning != Meaning::none || element.converted < 0) return;
  switch (element.converted) {
    case 0:
    case 4:
    case 19:
      node.meaning = Meaning::text;
      break;
    case 1:
    case 2:
      node.meaning = Meaning::map;
      break;
    case 3:
      node.meaning = Meaning::list;
      break;
    case 5:
      node.meaning = Meaning::decimal;
      break;
    case 6:
      node.meaning = Meaning::date;
      break;
    case 7:
    case 8:
      node.meaning = Meaning::time;
      node.scale = element.converted == 7 ? 1000 : 1000000;
      break;
    case 9:
    case 10:
      node.meaning = Meaning::timestamp;
      node.scale = element.converted == 9 ? 1000 : 1000000;
      break;
    case 11:
    case 12:
    case 13:
    case 14:
      node.meaning = Meaning::uint;
      break;
    default:
      break;
  }
}

Element read_element(ThriftReader& in) {
  Element out;
  std::int64_t scale = 0, type = 0, repetition = 0;
  in.record([&](const Field& field) {
    switch (field.id) {
      case 1:
        type = in.number();
        out.has_type = true;
        return true;
      case 2:
        out.node.size = in.number();
        return true;
      case 3:
        repetition = in.number();
        return true;
      case 4:
        out.node.name = in.text();
        return true;
      case 5:
        out.children = in.number();
        return true;
      case 6:
        out.converted = in.number();
        return true;
      case 7:
        scale = in.number();
        return true;
      case 10:
        if (field.type != Thrift::record) return false;
        read_logical(in, out.node);
        return true;
      default:
        return false;
    }
  });
  if (type < 0 || type > 7 || repetition < 0 || repetition > 2) throw Fault("its schema has a type that is not known");
  out.node.type = static_cast<Type>(type);
  out.node.repetition = static_cast<Node::Repetition>(repetition);
  take_converted(out);
  if (out.node.meaning == Meaning::decimal) out.node.scale = scale;
  if (out.node.type == Type::fixed && out.children == 0 && (out.node.size < 1 || out.node.size > (1 << 20)))
    throw Fault("its schema has values of an impossible size");
  if (out.node.meaning == Meaning::decimal && (out.node.scale < 0 || out.node.scale > 1000))
    throw Fault("its schema has decimals of an impossible scale");
  return out;
}

Node build(std::vector<Element>& elements, std::size_t& at, int definition, int repetition, int depth,
           std::size_t& leaves) {
  if (at >= elements.size() || depth > 32) throw Fault("its schema is no tree");
  Element& element = elements[at++];
  Node node = std::move(element.node);
  if (depth > 0) {
    definition += node.repetition != Node::Repetition::required ? 1 : 0;
    repetition += node.repetition == Node::Repetition::repeated ? 1 : 0;
  }
  node.max_definition = definition;
  node.max_repetition = repetition;
  node.first_leaf = leaves;
  if (element.children < 0 || element.children > static_cast<std::int64_t>(elements.size()))
    throw Fault("its schema is no tree");
  if (element.children == 0) {
    if (depth == 0 || !element.has_type) throw Fault("its schema has a column without a type");
    ++leaves;
  }
  for (std::int64_t i = 0; i < element.children; ++i)
    node.children.push_back(build(elements, at, definition, repetition, depth + 1, leaves));
  node.leaves = leaves - node.first_leaf;
  return node;
}

void collect(const Node& node, std::vector<const Node*>& leaves) {
  if (node.children.empty()) leaves.push_back(&node);
  for (const Node& child : node.children) collect(child, leaves);
}

Chunk read_chunk(ThriftReader& in) {
  Chunk out;
  std::int64_t data = -1, dictionary = -1;
  bool has_meta = false;
  in.record([&](const Field& field) {
    if (field.id == 1 && field.type == Thrift::binary) throw Fault("its columns lie in other files");
    if ((field.id == 8 || field.id == 9) && field.type != Thrift::stop) throw Fault("its columns are encrypted");
    if (field.id != 3 || field.type != Thrift::record) return false;
    has_meta = true;
    in.record([&](const Field& part) {
      std::int64_t* const into = part.id == 4    ? &out.codec
                                 : part.id == 5  ? &out.values
                                 : part.id == 7  ? &out.size
                                 : part.id == 9  ? &data
                                 : part.id == 11 ? &dictionary
                                                 : nullptr;
      if (into == nullptr) return false;
      *into = in.number();
      return true;
    });
    return true;
  });
  if (!has_meta) throw Fault("a column has no metadata");
  // Some writers say 0 where there is no dictionary.
  out.begin = dictionary > 0 && dictionary < data ? dictionary : data;
  return out;
}

RowGroup read_group(ThriftReader& in) {
  RowGroup out;
  in.record([&](const Field& field) {
    if (field.id == 1 && field.type == Thrift::list) {
      in.list([&] {
        if (out.chunks.size() == most_columns) throw Fault("a group of rows has too many columns");
        out.chunks.push_back(read_chunk(in));
      });
      return true;
    }
    if (field.id != 3) return false;
    out.rows = in.number();
    return true;
  });
  return out;
}

void check(const Footer& footer, std::uint64_t data_end) {
  std::int64_t rows = 0;
  for (const RowGroup& group : footer.groups) {
    if (group.rows < 0 || group.rows > footer.rows - rows) throw Fault("its groups have more rows than the file");
    rows += group.rows;
    if (group.chunks.size() != footer.leaves.size())
      throw Fault(
          fmt::format("a group of rows has {} columns, the schema {}", group.chunks.size(), footer.leaves.size()));
    for (const Chunk& chunk : group.chunks) {
      const auto begin = static_cast<std::uint64_t>(chunk.begin), size = static_cast<std::uint64_t>(chunk.size);
      if (chunk.begin < 4 || chunk.size < 0 || begin > data_end || size > data_end - begin || chunk.values < 0)
        throw Fault("a column lies outside of the file");
    }
  }
  if (rows != footer.rows) throw Fault(fmt::format("its groups have {} rows, the file {}", rows, footer.rows));
}

}  // namespace

void read_footer(std::string_view bytes, std::uint64_t data_end, Footer& footer) {
  ThriftReader in(bytes);
  std::vector<Element> elements;
  in.record([&](const Field& field) {
    if (field.id == 2 && field.type == Thrift::list) {
      in.list([&] {
        if (elements.size() == 2 * most_columns) throw Fault("its schema has too many columns");
        elements.push_back(read_element(in));
      });
      return true;
    }
    if (field.id == 3) {
      footer.rows = in.number();
      return true;
    }
    if (field.id == 4 && field.type == Thrift::list) {
      in.list([&] {
        if (footer.groups.size() == most_groups) throw Fault("it has too many groups of rows");
        footer.groups.push_back(read_group(in));
      });
      return true;
    }
    return false;
  });
  std::size_t at = 0, leaves = 0;
  footer.root = build(elements, at, 0, 0, 0, leaves);
  if (at != elements.size()) throw Fault("its schema is no tree");
  if (footer.rows < 0) throw Fault("it says to have fewer than no rows");
  collect(footer.root, footer.leaves);
  if (footer.leaves.size() > most_columns) throw Fault("its schema has too many columns");
  check(footer, data_end);
}

}  // namespace welt::parquet
