/**
 * @file field.h  What a field of the configuration owns, by its shape
 */
#pragma once

#include "config/schema.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>

/** Frees what it owns; of zeros nothing. */
void field_free(enum conf_shape shape, void *field);

/** Makes it zeros without freeing: of a copy whose original owns all. */
void field_forget(enum conf_shape shape, void *field);

/** Makes it empty: "" or nothing.  Not for CONF_SHAPE_FLAT.  @return false: out of memory */
SK_MUSTCHECK
bool field_empty(enum conf_shape shape, void *field);

/**
 * Copies what is owned; of CONF_SHAPE_FLAT nothing.
 *
 * @param to  Zeros; also after a failure it may be freed
 * @return false: out of memory
 */
SK_MUSTCHECK
bool field_copy(enum conf_shape shape, void *to, const void *from);

/** The members of a group in `base`, a struct conf. */
static inline struct members *members_of(const struct conf_group *group, void *base)
{
	void *field = (char *)base + group->at;

	return field;
}

static inline const struct members *members_in(const struct conf_group *group, const void *base)
{
	const void *field = (const char *)base + group->at;

	return field;
}

/** The struct of a member. */
static inline void *member_at(const struct conf_group *group, const struct members *members,
			      size_t i)
{
	return (char *)members->items + i * group->size;
}

/** Its name, which is its first field. */
static inline const char *member_name(const void *member)
{
	return *(char *const *)member;
}

/** Frees the members of a group, and leaves none. */
void members_free(const struct conf_group *group, struct members *members);
