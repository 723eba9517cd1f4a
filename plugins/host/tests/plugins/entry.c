/* A library whose entry, types and cards are as the macros say; by default all is well. */
#include <stdlib.h>

#include "fenchel_plugin.h"

#ifndef SIZE
#define SIZE sizeof(fenchel_plugin)
#endif
#ifndef MAGIC
#define MAGIC FENCHEL_MAGIC
#endif
#ifndef ABI
#define ABI FENCHEL_ABI
#endif
#ifndef FLAGS
#define FLAGS 0
#endif
#ifndef NAME
#define NAME "entry"
#endif
#ifndef VERSION
#define VERSION "1.0"
#endif
#ifndef TYPE_SIZE
#define TYPE_SIZE sizeof(fenchel_penalty_type)
#endif
#ifndef CREATE
#define CREATE create
#endif
#ifndef CAPABILITY
#define CAPABILITY capability
#endif
#ifndef CARD
#define CARD &card
#endif
#ifndef CARD_SIZE
#define CARD_SIZE sizeof(fenchel_card)
#endif
#ifndef CARD_NAME
#define CARD_NAME "nothing"
#endif
#ifndef SOURCE
#define SOURCE "made up"
#endif
#ifndef SCHEMA
#define SCHEMA "{}"
#endif
#ifndef TYPES
#define TYPES 1
#endif
#ifndef FIT
#define FIT &fit
#endif

#ifdef MISSING_SYMBOL
void nobody_has_this(void);
#endif

static int32_t create(const char *parameters, size_t length, const fenchel_space *space, void **out,
                      fenchel_error *error) {
    (void)parameters;
    (void)length;
    (void)space;
    (void)error;
#ifdef MISSING_SYMBOL
    nobody_has_this();
#endif
    *out = malloc(1);
    return FENCHEL_OK;
}

static int32_t value(const void *self, const double *beta, size_t length, double *out,
                     fenchel_error *error) {
    (void)self;
    (void)beta;
    (void)length;
    (void)error;
    *out = 0.0;
    return FENCHEL_OK;
}

static int32_t convexity(const void *self, double *modulus) {
    (void)self;
    (void)modulus;
    return FENCHEL_CONVEX;
}

static const void *capability(const void *self, const char *id, uint32_t revision) {
    (void)self;
    (void)id;
    (void)revision;
    return NULL;
}

static const fenchel_card card = {
    CARD_SIZE, CARD_NAME, "no penalty", "0", "prox: v", "everything", "", SOURCE, SCHEMA,
};

static const fenchel_penalty_type type = {
    TYPE_SIZE, CARD, CREATE, free, value, convexity, CAPABILITY,
};

static const fenchel_penalty_type *penalty(size_t i) {
    (void)create;
    (void)capability;
    (void)card;
#ifdef ENDLESS
    char *name = malloc(32);
    fenchel_card *own_card = malloc(sizeof card);
    fenchel_penalty_type *own_type = malloc(sizeof type);
    snprintf(name, 32, "type_%zu", i);
    memcpy(own_card, &card, sizeof card);
    memcpy(own_type, &type, sizeof type);
    own_card->name = name;
    own_type->card = own_card;
    return own_type;
#endif
    return i < TYPES ? &type : NULL;
}

#ifdef LOSS
static int32_t create_loss(const char *parameters, size_t length, void **out, fenchel_error *error) {
    return create(parameters, length, NULL, out, error);
}

static int32_t reads(const void *self) {
    (void)self;
    return FENCHEL_NUMBER;
}

static int32_t bind(const void *self, const fenchel_samples *samples, void **out,
                    fenchel_error *error) {
    (void)self;
    (void)samples;
    return create_loss("", 0, out, error);
}

static size_t outputs(const void *fit) {
    (void)fit;
    return 1;
}

static const fenchel_fit_type fit = {sizeof fit, free, outputs, NULL, NULL, NULL};

static const fenchel_loss_type loss_type = {
    sizeof loss_type, CARD, create_loss, free, reads, bind, FIT, NULL,
};

static const fenchel_loss_type *loss(size_t i) {
    (void)fit;
    return i == 0 ? &loss_type : NULL;
}
#else
#define loss NULL
#endif

#ifndef NO_ENTRY
FENCHEL_EXPORT const fenchel_plugin fenchel_plugin_v1 = {
    SIZE, MAGIC, ABI, FLAGS, 0, NAME, VERSION, penalty, loss,
};
#else
const void *const used[] = {(const void *)&penalty};
#endif
