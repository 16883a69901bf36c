// json.cc - Boost.JSON, compiled once for hivemindctl.
#include <boost/json/src.hpp>
