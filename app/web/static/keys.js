/* The keys. Everything here also works without it. */
"use strict";
