/* Everything that quill offers. */
#ifndef QUILL_H
#define QUILL_H

#include "quill/buf.h"
#include "quill/ring.h"
#include "quill/slice.h"
#include "quill/status.h"
#include "quill/table.h"
#include "quill/utf8.h"
#include "quill/version.h"

#endif
