/* What fenchel_json.h says of texts, right and wrong. Prints what failed; exit code 1 if anything. */
#include "fenchel_json.h"

#include <stdio.h>

static int failures = 0;

#define CHECK(holds)                                                                               \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            printf("line %d: %s\n", __LINE__, #holds);                                             \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

static const char *parameters =
    " { \"first\" : {\"lambda\": 7, \"s\": \"}\\\"]\", \"deep\": [[1], {\"x\": []}]},\n"
    "\"lambda\":0.25,\"whole\":3, \"spelt\":30e-1,\"big\":9007199254740993e3,\"yes\":true,"
    "\"no\":false,\"nothing\":null,\"empty\":[],\"list\":[ 1 , -2.5e1,0,1E+2 ],\"mixed\":[1,\"2\"],"
    "\"text\":\"a\\n\\u00e9\\u20ac\\ud83d\\ude00\\/z\",\"\\u006bey\":1,\"\\u00e9t\\u00e9\":2,"
    "\"huge\":1e999,\"nul\":\"a\\u0000b\",\"last\":-0.0 }";

static void numbers(void) {
    double x = 5.0;
    CHECK(fenchel_json_number(parameters, "lambda", &x) == FENCHEL_JSON_OK && x == 0.25);
    CHECK(fenchel_json_number(parameters, "last", &x) == FENCHEL_JSON_OK && x == 0.0 && signbit(x));
    x = 5.0;
    CHECK(fenchel_json_number(parameters, "lambd", &x) == FENCHEL_JSON_ABSENT);
    CHECK(fenchel_json_number(parameters, "lambda2", &x) == FENCHEL_JSON_ABSENT);
    CHECK(fenchel_json_number(parameters, "deep", &x) == FENCHEL_JSON_ABSENT);
    CHECK(fenchel_json_number(parameters, "nothing", &x) == FENCHEL_JSON_NULL);
    CHECK(fenchel_json_number(parameters, "yes", &x) == FENCHEL_JSON_OTHER);
    CHECK(fenchel_json_number(parameters, "text", &x) == FENCHEL_JSON_OTHER);
    CHECK(fenchel_json_number(parameters, "list", &x) == FENCHEL_JSON_OTHER);
    CHECK(fenchel_json_number(parameters, "huge", &x) == FENCHEL_JSON_OTHER);
    CHECK(x == 5.0);
    CHECK(fenchel_json_number(parameters, "key", &x) == FENCHEL_JSON_OK && x == 1.0);
    CHECK(fenchel_json_number(parameters, "\xC3\xA9t\xC3\xA9", &x) == FENCHEL_JSON_OK && x == 2.0);
    CHECK(fenchel_json_number("{}", "x", &x) == FENCHEL_JSON_ABSENT);
    CHECK(fenchel_json_number("{\"x\":0.1}", "x", &x) == FENCHEL_JSON_OK && x == 0.1);
    CHECK(fenchel_json_number("{\"x\":4.9406564584124654e-324}", "x", &x) == FENCHEL_JSON_OK);
    CHECK(x > 0.0);
}

static void whole_numbers(void) {
    int64_t i = 5;
    CHECK(fenchel_json_integer(parameters, "whole", &i) == FENCHEL_JSON_OK && i == 3);
    CHECK(fenchel_json_integer(parameters, "spelt", &i) == FENCHEL_JSON_OK && i == 3);
    CHECK(fenchel_json_integer(parameters, "lambda", &i) == FENCHEL_JSON_OTHER);
    CHECK(fenchel_json_integer(parameters, "big", &i) == FENCHEL_JSON_OTHER);
    CHECK(fenchel_json_integer("{\"i\":-9007199254740992}", "i", &i) == FENCHEL_JSON_OK);
    CHECK(i == -INT64_C(9007199254740992));
}

static void truths(void) {
    int b = 5;
    CHECK(fenchel_json_bool(parameters, "yes", &b) == FENCHEL_JSON_OK && b == 1);
    CHECK(fenchel_json_bool(parameters, "no", &b) == FENCHEL_JSON_OK && b == 0);
    CHECK(fenchel_json_bool(parameters, "nothing", &b) == FENCHEL_JSON_NULL);
    CHECK(fenchel_json_bool(parameters, "whole", &b) == FENCHEL_JSON_OTHER);
}

static void texts(void) {
    static const char expected[] = "a\n\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80/z";
    char out[sizeof expected + 1];
    CHECK(fenchel_json_text(parameters, "text", out, sizeof out) == FENCHEL_JSON_OK);
    CHECK(strcmp(out, expected) == 0);
    CHECK(fenchel_json_text(parameters, "text", out, sizeof expected) == FENCHEL_JSON_OK);
    for (size_t capacity = 0; capacity < sizeof expected; capacity++) {
        memset(out, '#', sizeof out);
        CHECK(fenchel_json_text(parameters, "text", out, capacity) == FENCHEL_JSON_LONG);
        CHECK(out[capacity] == '#');
    }
    CHECK(fenchel_json_text(parameters, "nul", out, sizeof out) == FENCHEL_JSON_OTHER);
    CHECK(fenchel_json_text(parameters, "whole", out, sizeof out) == FENCHEL_JSON_OTHER);
    CHECK(fenchel_json_text("{\"e\":\"\"}", "e", out, 1) == FENCHEL_JSON_OK && out[0] == '\0');
}

static void lists(void) {
    double out[5] = {9, 9, 9, 9, 9};
    size_t count = 77;
    CHECK(fenchel_json_numbers(parameters, "list", &count, NULL, 0) == FENCHEL_JSON_OK);
    CHECK(count == 4);
    CHECK(fenchel_json_numbers(parameters, "list", &count, out, 4) == FENCHEL_JSON_OK);
    CHECK(out[0] == 1.0 && out[1] == -25.0 && out[2] == 0.0 && out[3] == 100.0 && out[4] == 9.0);
    out[3] = 9.0;
    CHECK(fenchel_json_numbers(parameters, "list", &count, out, 3) == FENCHEL_JSON_LONG);
    CHECK(count == 4 && out[3] == 9.0);
    CHECK(fenchel_json_numbers(parameters, "empty", &count, out, 5) == FENCHEL_JSON_OK);
    CHECK(count == 0);
    count = 77;
    CHECK(fenchel_json_numbers(parameters, "nothing", &count, out, 5) == FENCHEL_JSON_NULL);
    CHECK(fenchel_json_numbers(parameters, "weights", &count, out, 5) == FENCHEL_JSON_ABSENT);
    CHECK(fenchel_json_numbers(parameters, "mixed", &count, out, 5) == FENCHEL_JSON_OTHER);
    CHECK(fenchel_json_numbers(parameters, "whole", &count, out, 5) == FENCHEL_JSON_OTHER);
    CHECK(count == 77);
}

static void malformed(void) {
    static const char *texts[] = {
        "", "[", "nul", "{", "{x", "{\"x\"", "{\"x\":", "{\"x\":}", "{\"x\":1",
        "{\"x\":1 2}", "{\"x\":01}", "{\"x\":1.}", "{\"x\":.5}", "{\"x\":+1}", "{\"x\":1e}",
        "{\"x\":-}", "{\"x\":NaN}", "{\"x\":0x10}", "{\"x\":tru}", "{\"x\":truely}",
        "{\"x\":\"a\nb\"}", "{\"x\":\"\\q\"}", "{\"x\":\"\\u12\"}", "{\"x\":\"\\ud800\"}",
        "{\"x\":\"\\ud800\\u0041\"}", "{\"x\":\"\\udc00\"}", "{\"x\":[1,]}", "{\"x\":[1 2]}",
        "{\"x\":[1}", "{\"x\":{\"y\"}}", "{,\"x\":1}", "{\"y\":1,}", "{'x':1}", "\"x\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double x = 5.0;
        int status = fenchel_json_number(texts[i], "x", &x);
        if (status != FENCHEL_JSON_MALFORMED || x != 5.0) {
            printf("%s gives status %d\n", texts[i], status);
            failures++;
        }
    }
    double x = 5.0; /* what stands behind the key is not looked at */
    CHECK(fenchel_json_number("{\"x\":1,", "x", &x) == FENCHEL_JSON_OK && x == 1.0);
}

static void nesting(void) {
    for (size_t depth = FENCHEL_JSON_DEPTH; depth <= FENCHEL_JSON_DEPTH + 1; depth++) {
        char text[4 * FENCHEL_JSON_DEPTH] = "{\"a\":";
        memset(text + 5, '[', depth);
        memset(text + 5 + depth, ']', depth);
        memcpy(text + 5 + 2 * depth, ",\"x\":1}", sizeof ",\"x\":1}");
        double x;
        int expected = depth > FENCHEL_JSON_DEPTH ? FENCHEL_JSON_MALFORMED : FENCHEL_JSON_OK;
        CHECK(fenchel_json_number(text, "x", &x) == expected);
    }
    /* However deep: the stack has to hold it. */
    size_t length = 1000000;
    char *text = (char *)malloc(length + 1);
    memset(text, '[', length);
    memcpy(text, "{\"a\":", 5);
    text[length] = '\0';
    double x;
    CHECK(fenchel_json_number(text, "x", &x) == FENCHEL_JSON_MALFORMED);
    free(text);
}

/* Every function on a text that ends where its memory ends, so that a sanitizer sees a step beyond. */
static void read_all(const char *from, size_t length) {
    static const char *keys[] = {"lambda", "list", "text", "key", "last", "absent"};
    char *text = (char *)malloc(length + 1);
    memcpy(text, from, length);
    text[length] = '\0';
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        double x, list[3];
        int64_t i;
        int b;
        char word[6];
        size_t count;
        int statuses[5];
        statuses[0] = fenchel_json_number(text, keys[k], &x);
        statuses[1] = fenchel_json_integer(text, keys[k], &i);
        statuses[2] = fenchel_json_bool(text, keys[k], &b);
        statuses[3] = fenchel_json_text(text, keys[k], word, sizeof word);
        statuses[4] = fenchel_json_numbers(text, keys[k], &count, list, 3);
        for (size_t s = 0; s < 5; s++) {
            CHECK(statuses[s] >= FENCHEL_JSON_OK && statuses[s] <= FENCHEL_JSON_MALFORMED);
            CHECK(fenchel_json_message(statuses[s])[0] != '\0');
        }
    }
    free(text);
}

static void damaged(void) {
    static const char replacements[] = "{}[]\"\\:,u0 e.-n\x01\xFF";
    size_t length = strlen(parameters);
    char copy[1024];
    for (size_t cut = 0; cut <= length; cut++) {
        read_all(parameters, cut);
    }
    for (size_t at = 0; at < length; at++) {
        for (size_t r = 0; r + 1 < sizeof replacements; r++) {
            memcpy(copy, parameters, length);
            copy[at] = replacements[r];
            read_all(copy, length);
        }
    }
}

/* A program may have asked for a decimal comma; where the machine has such a locale, it is tried. */
static void locales(void) {
    static const char *names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "C"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        double x, list[2];
        size_t count;
        if (!setlocale(LC_NUMERIC, names[i])) {
            continue;
        }
        CHECK(fenchel_json_number("{\"x\":1.5}", "x", &x) == FENCHEL_JSON_OK && x == 1.5);
        CHECK(fenchel_json_numbers("{\"x\":[1,5]}", "x", &count, list, 2) == FENCHEL_JSON_OK);
        CHECK(count == 2 && list[0] == 1.0 && list[1] == 5.0);
    }
}

int main(void) {
    numbers();
    whole_numbers();
    truths();
    texts();
    lists();
    malformed();
    nesting();
    damaged();
    locales();
    return failures > 0;
}
