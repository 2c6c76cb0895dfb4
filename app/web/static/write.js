/* Writing: inserting templates and earlier answers. Everything here also works without it. */
"use strict";
