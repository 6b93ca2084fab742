"use strict";

const place = document.getElementById("swagger-ui");

const addToken = (request) => {
  if (!["GET", undefined].includes(request.method) && request.credentials === "same-origin") {
    request.headers[place.dataset.csrfHeader] = place.dataset.csrfToken;
  }
  return request;
};

SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  requestInterceptor: addToken,
  ...JSON.parse(place.dataset.settings),
});
