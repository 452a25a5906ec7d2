// What the page of search says when it finds nothing: Sphinx's own text asks for categories, which this site has not.
"use strict";
Documentation.TRANSLATIONS[
  "Your search did not match any documents. Please make sure that all words are spelled correctly and that you've selected enough categories."
] = "No page has all of these words. Try fewer of them, or another spelling.";
