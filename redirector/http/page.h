/**
 * @file page.h  What the live page is made of, as it was built in (page/embed.py)
 */
#pragma once

#include "shaken/span.h"

#include <stddef.h>

/** One file.  Its path has a hash of its content: it may be kept for ever. */
struct page_asset {
	const char *path; /**< "/page/page-0123456789abcdef.css"; of the page itself "/" */
	const char *type; /**< media type                                                */
	const char *tag;  /**< for ETag, with its quotes                                 */
	struct sk_span body;
};

/** The page itself is the first. */
extern const struct page_asset page_assets[];
extern const size_t page_asset_count;
