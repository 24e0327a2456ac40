import * as z from 'zod'
import { profileId } from '../../model/ids.ts'
import { profileDocument } from '../../model/profile.ts'
import { renewalPolicy } from '../../model/renewal-policy.ts'
import { changed, page, prefix, route, why } from '../operation.ts'
import { profileView } from '../views.ts'

const profileParams = z.strictObject({ id: profileId })

/** What is made from now on says when it renews; what was made before goes by the same defaults. */
const newDocument = profileDocument.extend({ renewal: renewalPolicy.prefault({}) })

const profileChangeBody = newDocument.extend({
  base_version: z.int().min(1).optional(),
  ...why,
})

export const profiles = {
  listProfiles: route({
    method: 'GET',
    path: `${prefix}/profiles`,
    function: 'read',
    permission: 'read',
    summary: 'List profiles by id',
    query: page,
    output: z.array(profileView),
  }),
  createProfile: route({
    method: 'POST',
    path: `${prefix}/profiles`,
    function: 'rules',
    permission: 'administer',
    summary: 'Create a profile; a gated one takes a second person',
    body: newDocument.extend({ id: profileId, ...why }),
    status: 202,
    output: changed,
  }),
  getProfile: route({
    method: 'GET',
    path: `${prefix}/profiles/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'Show the version of a profile that is in force',
    params: profileParams,
    output: profileView,
    versioned: true,
  }),
  changeProfile: route({
    method: 'PUT',
    path: `${prefix}/profiles/{id}`,
    function: 'rules',
    permission: 'administer',
    summary: 'Replace a profile by a new version; a gated one takes a second person',
    params: profileParams,
    body: profileChangeBody,
    status: 202,
    output: changed,
    versioned: true,
  }),
  deleteProfile: route({
    method: 'DELETE',
    path: `${prefix}/profiles/{id}`,
    function: 'rules',
    permission: 'administer',
    summary: 'Delete a profile; a gated one takes a second person',
    params: profileParams,
    query: z.strictObject(why),
    status: 202,
    output: changed,
    versioned: true,
  }),
} as const
