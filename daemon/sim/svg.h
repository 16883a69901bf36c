// svg.h - a picture as text, drawn in pixels from the top left.
#pragma once
#include <string>
#include <string_view>

namespace hivemind::sim {

class Svg {
public:
  Svg(double width, double height) : width_(width), height_(height) {}
  void rectangle(double x, double y, double width, double height, std::string_view fill);
  void line(double x1, double y1, double x2, double y2, std::string_view stroke, double width = 1);
  enum class Anchor { start, middle, end };
  void text(double x, double y, std::string_view words, Anchor anchor = Anchor::start, double size = 12,
            std::string_view fill = "#222");
  std::string str() const;

private:
  double width_, height_;
  std::string body_;
};
}  // namespace hivemind::sim
