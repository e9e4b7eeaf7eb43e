/**
 * @file nearest.h  "did you mean ...?"
 */
#pragma once

enum {
	NEAREST_PATH_SIZE = 128,
	NEAREST_HINT_SIZE = 192,
};

/** "; did you mean sip.listen?" for an unknown "section.key", or "". */
void nearest_setting(const char *path, char hint[NEAREST_HINT_SIZE]);

/** The same for an unknown section. */
void nearest_section(const char *name, char hint[NEAREST_HINT_SIZE]);
