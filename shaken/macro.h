/**
 * @file macro.h  The few macros we allow ourselves
 *
 * Nothing here hides a `return` or a `goto`: control flow stays visible.
 */
#pragma once

#include <stddef.h>

#define SK_COUNT(a)     (sizeof(a) / sizeof((a)[0]))
#define SK_MUSTCHECK    __attribute__((warn_unused_result))
#define SK_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define SK_CLEANUP(f)   __attribute__((cleanup(f)))

/** Defines `fn_p()`, to be used as `SK_CLEANUP(fn_p) type *v = NULL;`. */
#define SK_DEFINE_CLEANUP(type, fn) \
	static inline void fn##_p(type **p) \
	{ \
		if (*p) \
			fn(*p); \
	}

/** Hands ownership on: yields the pointer and leaves NULL behind. */
#define sk_steal(p) \
	__extension__({ \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL; \
		stolen_; \
	})
