/* A plug-in loaded with RTLD_DEEPBIND finds libc before us: its connects go as if we were not there.
 * argv: port, the plug-in */
#include "hazard.h"
#include <dlfcn.h>
int main(int argc, char** argv) {
  if (argc < 3) return 2;
  void* const plugin = dlopen(argv[2], RTLD_NOW | RTLD_DEEPBIND);
  if (plugin == NULL) return printf("%s\n", dlerror()), 3;
  int (*connect_once)(const char*) = (int (*)(const char*))dlsym(plugin, "connect_once");
  if (connect_once == NULL) return 4;
  printf("plug-in %d\n", connect_once(argv[1]));
  return 0;
}
