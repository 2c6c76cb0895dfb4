/* The list: choosing several. Everything here also works without it. */
"use strict";
