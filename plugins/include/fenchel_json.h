/*
 * fenchel_json.h: reads the parameters that `create` is given, in C.
 *
 * Every function looks up one key of a JSON object and writes its value. Nothing is allocated, and
 * nothing is read beyond the NUL that ends the text, well-formed or not. The text is read up to the
 * key that is looked for: what stands behind it is not looked at.
 *
 *     double lambda;
 *     int status = fenchel_json_number(parameters, "lambda", &lambda);
 *     if (status != FENCHEL_JSON_OK) {
 *         return fenchel_fail(error, FENCHEL_INVALID, "lambda", fenchel_json_message(status));
 *     }
 *
 * Unless the answer is FENCHEL_JSON_OK, a number is left as it was, so that it may hold a default.
 *
 * Compiles as C99, C11, C++17 and later; needs no other header of fenchel's.
 */
#ifndef FENCHEL_JSON_H
#define FENCHEL_JSON_H

#include <locale.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FENCHEL_JSON_OK 0        /* found and written */
#define FENCHEL_JSON_ABSENT 1    /* there is no such key */
#define FENCHEL_JSON_NULL 2      /* its value is null */
#define FENCHEL_JSON_OTHER 3     /* its value is of another type, or does not fit the number asked for */
#define FENCHEL_JSON_LONG 4      /* its value is longer than the buffer */
#define FENCHEL_JSON_MALFORMED 5 /* the text is not a JSON object, as far as it was read */

/* Values inside values, at most. */
#define FENCHEL_JSON_DEPTH 128

/* What a status says, for error messages. */
static inline const char *fenchel_json_message(int status) {
    switch (status) {
    case FENCHEL_JSON_OK: return "nothing is wrong";
    case FENCHEL_JSON_ABSENT: return "a value is needed";
    case FENCHEL_JSON_NULL: return "a value is needed, not null";
    case FENCHEL_JSON_OTHER: return "the value is of another type, or out of range";
    case FENCHEL_JSON_LONG: return "the value is too long";
    default: return "the parameters are not a JSON object";
    }
}

/* ------------------------------------------------------------------------------ values passed over
   Each returns where the value ends, or NULL where there is none of its kind. */

static inline const char *fenchel_json_space(const char *at) {
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r') {
        at++;
    }
    return at;
}

static inline int fenchel_json_is_digit(char c) { return c >= '0' && c <= '9'; }

/* The four hexadecimal digits at `at`, or -1. */
static inline int32_t fenchel_json_hex(const char *at) {
    int32_t code = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i]; /* a NUL is no digit, so nothing behind it is read */
        if (fenchel_json_is_digit(c)) {
            code = 16 * code + (c - '0');
        } else if (c >= 'a' && c <= 'f') {
            code = 16 * code + (c - 'a' + 10);
        } else if (c >= 'A' && c <= 'F') {
            code = 16 * code + (c - 'A' + 10);
        } else {
            return -1;
        }
    }
    return code;
}

/* One character of a string, perhaps escaped, as a code point (escapes) or a byte of UTF-8 (`*raw`
   is 1). NULL at the end of the string, and where it is malformed. */
static inline const char *fenchel_json_character(const char *at, int32_t *code, int *raw) {
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    *raw = *at != '\\';
    if (*raw) {
        *code = (unsigned char)*at;
        return *at == '"' || (unsigned char)*at < 0x20 ? NULL : at + 1;
    }
    at++;
    if (*at != 'u') {
        const char *name = *at ? strchr(names, *at) : NULL;
        if (!name) {
            return NULL;
        }
        *code = (unsigned char)meant[name - names];
        return at + 1;
    }
    *code = fenchel_json_hex(at + 1);
    if (*code < 0 || (*code >= 0xDC00 && *code <= 0xDFFF)) {
        return NULL;
    }
    at += 5;
    if (*code >= 0xD800 && *code <= 0xDBFF) { /* the first half of a pair */
        int32_t low = at[0] == '\\' && at[1] == 'u' ? fenchel_json_hex(at + 2) : -1;
        if (low < 0xDC00 || low > 0xDFFF) {
            return NULL;
        }
        *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
        at += 6;
    }
    return at;
}

static inline const char *fenchel_json_skip_string(const char *at) {
    if (*at != '"') {
        return NULL;
    }
    at++;
    while (*at != '"') {
        int32_t code;
        int raw;
        at = fenchel_json_character(at, &code, &raw);
        if (!at) {
            return NULL;
        }
    }
    return at + 1;
}

static inline const char *fenchel_json_skip_number(const char *at) {
    if (*at == '-') {
        at++;
    }
    if (!fenchel_json_is_digit(*at)) {
        return NULL;
    }
    if (*at == '0') {
        at++;
    } else {
        while (fenchel_json_is_digit(*at)) {
            at++;
        }
    }
    if (*at == '.') {
        at++;
        if (!fenchel_json_is_digit(*at)) {
            return NULL;
        }
        while (fenchel_json_is_digit(*at)) {
            at++;
        }
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        if (*at == '+' || *at == '-') {
            at++;
        }
        if (!fenchel_json_is_digit(*at)) {
            return NULL;
        }
        while (fenchel_json_is_digit(*at)) {
            at++;
        }
    }
    return at;
}

static inline const char *fenchel_json_skip_word(const char *at, const char *word) {
    size_t length = strlen(word);
    return strncmp(at, word, length) == 0 ? at + length : NULL;
}

/* Any value; `depth` is how many more may be inside one another. */
static inline const char *fenchel_json_skip(const char *at, int depth) {
    char open = *at;
    char close = open == '{' ? '}' : ']';
    if (open != '{' && open != '[') {
        switch (open) {
        case '"': return fenchel_json_skip_string(at);
        case 't': return fenchel_json_skip_word(at, "true");
        case 'f': return fenchel_json_skip_word(at, "false");
        case 'n': return fenchel_json_skip_word(at, "null");
        default: return fenchel_json_skip_number(at);
        }
    }
    if (depth <= 0) {
        return NULL;
    }
    at = fenchel_json_space(at + 1);
    if (*at == close) {
        return at + 1;
    }
    for (;;) {
        if (open == '{') {
            at = fenchel_json_skip_string(at);
            at = at ? fenchel_json_space(at) : NULL;
            if (!at || *at != ':') {
                return NULL;
            }
            at = fenchel_json_space(at + 1);
        }
        at = fenchel_json_skip(at, depth - 1);
        at = at ? fenchel_json_space(at) : NULL;
        if (!at) {
            return NULL;
        }
        if (*at == close) {
            return at + 1;
        }
        if (*at != ',') {
            return NULL;
        }
        at = fenchel_json_space(at + 1);
    }
}

/* --------------------------------------------------------------------------------- values looked up */

/* Writes the string at `at` as UTF-8 with a NUL behind; `*used` is its length where it fits. */
static inline int fenchel_json_unescape(const char *at, char *out, size_t capacity, size_t *used) {
    if (*at != '"') {
        return FENCHEL_JSON_OTHER;
    }
    at++;
    size_t length = 0;
    while (*at != '"') {
        int32_t code;
        int raw;
        char bytes[4];
        size_t count = 1;
        at = fenchel_json_character(at, &code, &raw);
        if (!at) {
            return FENCHEL_JSON_MALFORMED;
        }
        if (code == 0) {
            return FENCHEL_JSON_OTHER; /* a C string cannot hold it */
        }
        if (raw || code < 0x80) {
            bytes[0] = (char)code;
        } else if (code < 0x800) {
            bytes[0] = (char)(0xC0 | (code >> 6));
            bytes[1] = (char)(0x80 | (code & 0x3F));
            count = 2;
        } else if (code < 0x10000) {
            bytes[0] = (char)(0xE0 | (code >> 12));
            bytes[1] = (char)(0x80 | ((code >> 6) & 0x3F));
            bytes[2] = (char)(0x80 | (code & 0x3F));
            count = 3;
        } else {
            bytes[0] = (char)(0xF0 | (code >> 18));
            bytes[1] = (char)(0x80 | ((code >> 12) & 0x3F));
            bytes[2] = (char)(0x80 | ((code >> 6) & 0x3F));
            bytes[3] = (char)(0x80 | (code & 0x3F));
            count = 4;
        }
        if (length + count >= capacity) {
            return FENCHEL_JSON_LONG;
        }
        memcpy(out + length, bytes, count);
        length += count;
    }
    if (length >= capacity) {
        return FENCHEL_JSON_LONG;
    }
    out[length] = '\0';
    *used = length;
    return FENCHEL_JSON_OK;
}

/* Whether the string at `at`, which is well-formed, is `text`. */
static inline int fenchel_json_equals(const char *at, const char *text) {
    at++;
    while (*at != '"') {
        int32_t code;
        int raw;
        at = fenchel_json_character(at, &code, &raw);
        if (!at) {
            return 0;
        }
        if (raw || code < 0x80) {
            if (code == 0 || (unsigned char)*text != (unsigned char)code) {
                return 0;
            }
            text++;
            continue;
        }
        /* One escaped character beyond ASCII: by way of the bytes that it stands for. */
        int tail = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        int32_t lead = tail == 1 ? 0xC0 : tail == 2 ? 0xE0 : 0xF0;
        if ((unsigned char)*text != (unsigned char)(lead | (code >> (6 * tail)))) {
            return 0;
        }
        text++;
        for (int i = tail - 1; i >= 0; i--, text++) {
            if ((unsigned char)*text != (unsigned char)(0x80 | ((code >> (6 * i)) & 0x3F))) {
                return 0;
            }
        }
    }
    return *text == '\0';
}

/* Points `*value` at the value of `key`, which is well-formed. */
static inline int fenchel_json_find(const char *json, const char *key, const char **value) {
    const char *at = fenchel_json_space(json);
    if (*at != '{') {
        return FENCHEL_JSON_MALFORMED;
    }
    at = fenchel_json_space(at + 1);
    if (*at == '}') {
        return FENCHEL_JSON_ABSENT;
    }
    for (;;) {
        const char *name = at;
        at = fenchel_json_skip_string(at);
        at = at ? fenchel_json_space(at) : NULL;
        if (!at || *at != ':') {
            return FENCHEL_JSON_MALFORMED;
        }
        const char *here = fenchel_json_space(at + 1);
        at = fenchel_json_skip(here, FENCHEL_JSON_DEPTH);
        at = at ? fenchel_json_space(at) : NULL;
        if (!at || (*at != ',' && *at != '}')) {
            return FENCHEL_JSON_MALFORMED;
        }
        if (fenchel_json_equals(name, key)) {
            *value = here;
            return *here == 'n' ? FENCHEL_JSON_NULL : FENCHEL_JSON_OK;
        }
        if (*at == '}') {
            return FENCHEL_JSON_ABSENT;
        }
        at = fenchel_json_space(at + 1);
    }
}

/* The well-formed number at `at`. */
static inline int fenchel_json_parse(const char *at, double *out) {
    const char *end = fenchel_json_skip_number(at);
    if (!end) {
        return FENCHEL_JSON_OTHER;
    }
    char *stopped;
    double x = strtod(at, &stopped);
    if (stopped != end) {
        /* A locale whose decimal point is another: a copy in its own spelling. */
        char copy[512];
        const char *point = localeconv()->decimal_point;
        size_t length = 0, width = strlen(point);
        for (; at != end; at++) {
            size_t count = *at == '.' ? width : 1;
            if (length + count >= sizeof copy) {
                return FENCHEL_JSON_LONG;
            }
            memcpy(copy + length, *at == '.' ? point : at, count);
            length += count;
        }
        copy[length] = '\0';
        x = strtod(copy, &stopped);
    }
    if (!isfinite(x)) {
        return FENCHEL_JSON_OTHER; /* beyond the largest double */
    }
    *out = x;
    return FENCHEL_JSON_OK;
}

/* A number. */
static inline int fenchel_json_number(const char *json, const char *key, double *out) {
    const char *at;
    int status = fenchel_json_find(json, key, &at);
    return status == FENCHEL_JSON_OK ? fenchel_json_parse(at, out) : status;
}

/* A whole number, which may be written 3, 3.0 or 3e0; at most 2^53 in size. */
static inline int fenchel_json_integer(const char *json, const char *key, int64_t *out) {
    double x = 0.0;
    int status = fenchel_json_number(json, key, &x);
    if (status != FENCHEL_JSON_OK) {
        return status;
    }
    if (x != floor(x) || fabs(x) > 9007199254740992.0) {
        return FENCHEL_JSON_OTHER;
    }
    *out = (int64_t)x;
    return FENCHEL_JSON_OK;
}

/* True (1) or false (0). */
static inline int fenchel_json_bool(const char *json, const char *key, int *out) {
    const char *at;
    int status = fenchel_json_find(json, key, &at);
    if (status != FENCHEL_JSON_OK) {
        return status;
    }
    if (*at != 't' && *at != 'f') {
        return FENCHEL_JSON_OTHER;
    }
    *out = *at == 't';
    return FENCHEL_JSON_OK;
}

/* A text, as UTF-8 with a NUL behind; `capacity` counts the NUL. */
static inline int fenchel_json_text(const char *json, const char *key, char *out, size_t capacity) {
    const char *at;
    size_t used;
    int status = fenchel_json_find(json, key, &at);
    return status == FENCHEL_JSON_OK ? fenchel_json_unescape(at, out, capacity, &used) : status;
}

/* A list of numbers; `*count` is how many there are, also where they are more than `capacity`
   (FENCHEL_JSON_LONG). With `capacity` 0 they are counted only, and `out` may be NULL. */
static inline int fenchel_json_numbers(const char *json, const char *key, size_t *count, double *out,
                                       size_t capacity) {
    const char *at;
    int status = fenchel_json_find(json, key, &at);
    if (status != FENCHEL_JSON_OK) {
        return status;
    }
    if (*at != '[') {
        return FENCHEL_JSON_OTHER;
    }
    size_t seen = 0;
    at = fenchel_json_space(at + 1);
    while (*at != ']') {
        double x = 0.0;
        status = fenchel_json_parse(at, &x);
        if (status != FENCHEL_JSON_OK) {
            return status;
        }
        if (seen < capacity) {
            out[seen] = x;
        }
        seen++;
        at = fenchel_json_space(fenchel_json_skip_number(at));
        if (*at == ',') {
            at = fenchel_json_space(at + 1);
        }
    }
    *count = seen;
    return capacity > 0 && seen > capacity ? FENCHEL_JSON_LONG : FENCHEL_JSON_OK;
}

#ifdef __cplusplus
}
#endif

#endif
