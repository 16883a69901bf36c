#include "sim/svg.h"

#include <cstdio>

namespace hivemind::sim {
namespace {
std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.5g", value);
  return text;
}

std::string attribute(std::string_view name, std::string_view value) {
  return ' ' + std::string(name) + "=\"" + std::string(value) + '"';
}

std::string escaped(std::string_view words) {
  std::string out;
  for (const char c : words) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}
}  // namespace

void Svg::rectangle(double x, double y, double width, double height, std::string_view fill) {
  body_ += "<rect" + attribute("x", number(x)) + attribute("y", number(y)) + attribute("width", number(width)) +
           attribute("height", number(height)) + attribute("fill", fill) + "/>\n";
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view stroke, double width) {
  body_ += "<line" + attribute("x1", number(x1)) + attribute("y1", number(y1)) + attribute("x2", number(x2)) +
           attribute("y2", number(y2)) + attribute("stroke", stroke) + attribute("stroke-width", number(width)) +
           "/>\n";
}

void Svg::text(double x, double y, std::string_view words, Anchor anchor, double size, std::string_view fill) {
  body_ += "<text" + attribute("x", number(x)) + attribute("y", number(y)) +
           attribute("text-anchor", anchor == Anchor::start    ? "start"
                                    : anchor == Anchor::middle ? "middle"
                                                               : "end") +
           attribute("font-size", number(size)) + attribute("fill", fill) + '>' + escaped(words) + "</text>\n";
}

std::string Svg::str() const {
  const auto w = number(width_), h = number(height_);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\"" + attribute("width", w) + attribute("height", h) +
         attribute("viewBox", "0 0 " + w + ' ' + h) +
         " font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\"" + " fill=\"#fff\"/>\n" + body_ +
         "</svg>\n";
}
}  // namespace hivemind::sim
