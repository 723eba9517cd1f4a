/* Runs as soon as it is loaded: creates the file that FENCHEL_TEST_MARK names. */
#define NAME "initialiser"
#include "decent.h"

__attribute__((constructor)) static void initialise(void) {
    const char *path = getenv("FENCHEL_TEST_MARK");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        (void)fputs("the initialiser ran\n", file);
        (void)fclose(file);
    }
}
