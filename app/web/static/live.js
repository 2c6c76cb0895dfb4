/* Who is here and what is new. Everything here also works without it. */
"use strict";
