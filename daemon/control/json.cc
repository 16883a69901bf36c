// json.cc - Boost.JSON, compiled once for the daemon.
#include <boost/json/src.hpp>
